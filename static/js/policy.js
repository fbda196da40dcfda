/* The policy's page: what is typed is kept as a draft, and what hangs on it (changes, the days ahead, what is refused, what would be
   lost) is drawn anew by the server, which alone judges it. Without this module the same form is sent by its buttons. */
import { above, all, as, byId, maybe, the } from "./dom.js";
import { addRow, fields, prepare, removeRow } from "./rows.js";
import { WeekGrid } from "./week-grid.js";

/** A refusal or a warning at a place of the policy's body.
 * @typedef {{path: string, said: string, warning: boolean}} Wrong
 */
/** What the server says of what is typed: `held_up` alone when it could not be kept; the page's parts as HTML by id, week tables and
 * regions by prefix.
 * @typedef {{held_up?: string, kept: string, parts: Record<string, string>, weeks: Record<string, string>, regions: Record<string, string[]>,
 *   wrong: Wrong[], blocked: boolean, lost: boolean, signing: boolean, digest: string}} Said
 */

const QUIET_MS = 700;  // after the last key
/** The name of a field that an event came from; "" for what is none, such as a row of the week's grid.
 * @param {EventTarget | null} from
 */
const nameOf = (from) => (from instanceof Element && from.getAttribute("name")) || "";
const page = maybe(document, "#policy-form", HTMLFormElement);
let timer = 0, asking = false, again = false;

if (page?.hasAttribute("data-keeps")) keeps(page);
else if (page) {
  for (const spare of all(page, "tr[data-spare]")) spare.hidden = true;
  fold(page);
}

/** @param {HTMLFormElement} form */
function fold(form) {
  for (const details of all(form, "details.numbers", HTMLDetailsElement)) details.open = false;
}

/** @param {HTMLFormElement} form */
function keeps(form) {
  prepare(form);
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep(form), QUIET_MS);
  };
  for (const button of all(form, "[data-add]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const list = all(form, "[data-list]").find((one) => one.dataset.list === button.dataset.add);
      if (list) the(addRow(list), "select, input").focus();
    });
  }
  fold(form);
  form.addEventListener("change", ({ target }) => {
    const row = above(target, "tr");
    if (row && nameOf(target).endsWith(".gone")) { removeRow(row); soon(); }
    if (as(target)?.dataset.own !== undefined) keep(form).then(() => location.reload());  // other fields come with it
  });
  form.addEventListener("input", ({ target }) => {
    const name = nameOf(target);
    if (name !== "note" && name !== "csrfmiddlewaretoken" && !name.endsWith(".gone")) soon();
  });
  form.addEventListener("rows", soon);
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.getAttribute("aria-disabled") === "true") { event.preventDefault(); byId("why").scrollIntoView({ block: "nearest" }); return; }
    clearTimeout(timer);
    if (!button?.matches("[data-replays]")) return;
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    send(form, form.dataset.replay ?? "").finally(() => button.removeAttribute("aria-busy"));
  });
  addEventListener("pagehide", () => { if (timer) navigator.sendBeacon(form.action, new FormData(form)); });
}

/** One at a time: what is typed meanwhile is kept right after.
 * @param {HTMLFormElement} form
 * @returns {Promise<void>}
 */
async function keep(form) {
  clearTimeout(timer);
  timer = 0;
  if (asking) { again = true; return; }
  asking = true;
  try { await send(form, form.action); } finally { asking = false; }
  if (again) { again = false; await keep(form); }
}

/** @param {HTMLFormElement} form @param {string} address */
async function send(form, address) {
  const unkept = form.dataset.unkept ?? "";
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
  } catch { told(unkept); return; }
  if (answer.type === "opaqueredirect") { location.reload(); return; }  // logged out
  if (answer.status !== 200 && answer.status !== 409) { told(unkept); return; }
  /** @type {Said} */
  const said = await answer.json();
  if (said.held_up) { told(said.held_up); return; }
  told("");
  draw(form, said);
}

/** @param {string} words */
function told(words) {
  const place = byId("held-up");
  place.querySelector("[data-told]")?.remove();
  if (!words) return;
  const banner = document.createElement("p");
  banner.className = "banner banner--urgent";
  banner.dataset.told = "";
  banner.textContent = words;
  place.append(banner);
}

/** @param {HTMLFormElement} form @param {Said} said */
function draw(form, said) {
  the(form, "[name=kept]", HTMLInputElement).value = said.kept;
  const focused = document.activeElement?.id;
  for (const [id, html] of Object.entries(said.parts)) {
    const place = document.getElementById(id);
    if (place && place.dataset.drawn !== html) { place.innerHTML = html; place.dataset.drawn = html; }
  }
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  for (const grid of all(form, "week-grid", WeekGrid)) {
    const week = said.weeks[grid.dataset.prefix ?? ""];
    if (week) grid.redrawn(week);
  }
  for (const [prefix, regions] of Object.entries(said.regions)) {
    document.getElementById(`${prefix}.regions`)?.replaceChildren(...regions.map((region) => new Option(region, region)));
  }
  mark(form, said.wrong);
  const refused = said.blocked && !said.lost;
  byId("why").hidden = !said.blocked;
  the(document, "#why [data-lost]").hidden = !said.lost;
  the(document, "#why [data-refused]").hidden = !refused;
  document.getElementById("save")?.toggleAttribute("aria-disabled", false);
  if (said.blocked) document.getElementById("save")?.setAttribute("aria-disabled", "true");
  byId("signing").hidden = !said.signing;
  byId("asking").hidden = !said.lost || said.signing;
  the(document, "#signing [name=digest]", HTMLInputElement).value = said.digest;
}

/** Each refusal at its field: the n-th filled row of a list is the n-th of the body.
 * @param {HTMLFormElement} form
 * @param {Wrong[]} wrong
 */
function mark(form, wrong) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".row-said")) place.replaceChildren();
  for (const { path, said, warning } of wrong) {
    const list = all(form, "[data-list]").find((one) => path.startsWith(`${one.dataset.list}.`));
    const [number, name] = list ? path.slice((list.dataset.list ?? "").length + 1).split(".") : [];
    const row = list && all(list, "tr[data-row]:not([data-spare])").filter(filled)[Number(number)];
    const field = row ? fields(row).find((one) => one.name.endsWith(`.${name}`)) : form.elements.namedItem(path);
    if (field instanceof HTMLElement && !warning) field.setAttribute("aria-invalid", "true");
    const words = document.createElement("p");
    words.className = warning ? "said said--warning" : "said";
    words.textContent = said;
    if (row) the(row, ".row-said").append(words);
    const details = above(row, "details.numbers", HTMLDetailsElement);
    if (details && !warning) details.open = true;
  }
}

const filled = (/** @type {Element} */ row) => fields(row).some((field) => {
  const counts = field instanceof HTMLInputElement ? field.type !== "checkbox" : field.name.endsWith(".category");
  return counts && field.value.trim() !== "";
});
