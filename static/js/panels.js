/* What a choice in a panel changes beside it: who it was follows the outcome until it is said by hand; who is called is said in full. */
import { all, as, maybe } from "./dom.js";

/** @param {import("./desk.js").Desk} desk */
export function choosing(desk) {
  desk.root.addEventListener("change", (event) => {
    const field = as(event.target, HTMLInputElement), form = field?.form;
    if (!field || !form) return;
    if (field.name === "seen_as") form.dataset.said = "yes";
    if (field.dataset.suggests && form.dataset.said !== "yes") {
      for (const one of all(form, '[name="seen_as"]', HTMLInputElement)) one.checked = one.value === field.dataset.suggests;
    }
    if (field.name === "responder") {
      const place = maybe(form, "[data-called]");
      if (place) place.textContent = `${field.dataset.name}, ${field.dataset.phone}`;
    }
  });
  desk.root.addEventListener("reset", (event) => { delete as(event.target, HTMLFormElement)?.dataset.said; });
}
