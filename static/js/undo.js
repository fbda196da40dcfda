/* What was done last can be taken back for a few seconds. The pane that an act answers carries the form; it is shown apart
   from the desk, which goes on to what is next meanwhile. */
import { all, maybe, the } from "./dom.js";
import { now } from "./time.js";
import { say } from "./words.js";

const STEP_MS = 200, ROUND = 57;  // the ring's length in its own units

/** @param {import("./desk.js").Desk} desk */
export function undoing(desk) {
  const place = document.createElement("div");
  place.id = "undo";
  place.setAttribute("role", "status");
  document.body.append(place);
  desk.addEventListener("shown", () => take(desk, place));
  setInterval(() => tick(place), STEP_MS);
  take(desk, place);
}

/** The newest act that can be taken back, as the pane on the desk says; of another incident the one that is shown stays.
 * @param {import("./desk.js").Desk} desk
 * @param {HTMLElement} place
 */
function take(desk, place) {
  const told = maybe(desk.root, "[data-undo]", HTMLFormElement), shown = maybe(place, "form", HTMLFormElement);
  if (!told) {
    if (shown && shown.dataset.undo === desk.pane?.dataset.id) shown.remove();
    return;
  }
  if (shown?.dataset.until === told.dataset.until && shown?.dataset.undo === told.dataset.undo) return;
  const fresh = /** @type {HTMLFormElement} */ (told.cloneNode(true));
  place.replaceChildren(fresh);
  tick(place);
}

/** @param {HTMLElement} place */
function tick(place) {
  for (const form of all(place, "form", HTMLFormElement)) {
    const left = Date.parse(form.dataset.until ?? "") - now();
    if (left <= 0) { form.remove(); continue; }
    the(form, "[data-left]").textContent = say("seconds_left", { n: Math.ceil(left / 1000) });
    const ring = maybe(form, ".ringer circle:last-child", SVGCircleElement);
    const whole = 1000 * Number(form.dataset.seconds);
    if (ring) ring.style.strokeDashoffset = String(ROUND * (1 - Math.min(1, left / whole)));
  }
}
