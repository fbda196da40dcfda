/* What a choice in a panel changes beside it: who it was follows the outcome until it is said by hand; who is called is said in full. */
import { above, as, maybe } from "./dom.js";
import { announce } from "./words.js";

/** @param {import("./desk.js").Desk} desk */
export function choosing(desk) {
  // What was said with a verdict is how it ends: also where the panel that came with it was left and is opened again.
  const said = { incident: "", outcome: "" };
  desk.root.addEventListener("submit", (event) => {
    const pair = as(/** @type {SubmitEvent} */ (event).submitter, HTMLButtonElement);
    if (pair?.name === "pair") Object.assign(said, { incident: desk.id, outcome: pair.value.split(" ")[1] });
  });
  desk.root.addEventListener("click", (event) => {
    if (!above(event.target, "[data-opens=close]") || said.incident !== desk.id) return;
    const panel = maybe(desk.root, "#panel-close[hidden]"), end = maybe(panel, `input[value="${said.outcome}"]`, HTMLInputElement);
    if (!end || maybe(panel, "[name=outcome]:checked")) return;
    end.checked = true;
    end.dispatchEvent(new Event("change", { bubbles: true }));
  });
  desk.root.addEventListener("change", (event) => {
    const chosen = as(event.target, HTMLSelectElement);
    if (chosen?.name === "seen_as" && chosen.form) chosen.form.dataset.said = "yes";
    const field = as(event.target, HTMLInputElement), form = field?.form;
    if (!field || !form) return;
    const was = maybe(form, '[name="seen_as"]', HTMLSelectElement);
    if (was && field.dataset.suggests && form.dataset.said !== "yes") was.value = field.dataset.suggests;
    if (field.name === "responder") {
      const place = maybe(form, "[data-called]");
      if (place) place.textContent = `${field.dataset.name}, ${field.dataset.phone}`;
    }
  });
  desk.root.addEventListener("click", (event) => {
    const button = above(event.target, "[data-cycle]"), list = button && maybe(desk.root, `#${button.dataset.cycle}`, HTMLSelectElement);
    if (!list) return;
    list.selectedIndex = list.selectedIndex + 1 < list.length ? list.selectedIndex + 1 : 1;
    if (list.form) list.form.dataset.said = "yes";
    announce(list.selectedOptions[0]?.textContent ?? "");
  });
  desk.root.addEventListener("reset", (event) => { delete as(event.target, HTMLFormElement)?.dataset.said; });
}
