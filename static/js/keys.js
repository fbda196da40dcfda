/* Single keys press what shows them: the open panel first, then the bright step, the desk, the top bar.
   They are ignored while typing. A key held on [data-hold] fills it; letting go stops it. */
import { all } from "./dom.js";
import { meant, singleKeys } from "./keymap.js";

const PLACES = [".top--stale:not([hidden])", ".panel:not([hidden])", "[data-bright]", "#desk", "#top", "body"];
/** @type {Record<string, string>} */
const NAMES = { " ": "Space", Escape: "Esc" };

const name = (/** @type {KeyboardEvent} */ event) => NAMES[event.key] ?? (event.key.length === 1 ? meant(event.key.toUpperCase()) : event.key);
const seen = (/** @type {Element} */ element) => !element.closest("[hidden], [inert]") && element.getClientRects().length > 0;

const FIELDS = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=range])";

/** The field that somebody is typing in. */
function fieldWithHand() {
  const active = document.activeElement;
  return active?.matches(FIELDS) ? /** @type {HTMLInputElement} */ (active) : null;
}

export function typing() {
  return fieldWithHand() !== null;
}

const HAND_MS = 800;  // a hand that writes makes no longer pause between two letters
/** @type {Element | null} */
let left = null;
let typedAt = -Infinity;

/** Something is pushed onto the desk: if somebody is writing there, what they write on with is no command. */
export function pushed() { left = fieldWithHand(); }

/** Whether this key was meant for the field that has just gone from under the hand. */
function writesOn() {
  const at = performance.now(), on = typing() || (left !== null && at - typedAt < HAND_MS);
  if (on) typedAt = at; else left = null;
  return on && !typing();
}

/** The control that shows this key, nearest to the hand.
 * @param {string} key
 */
export function find(key) {
  for (const place of PLACES) {
    for (const root of document.querySelectorAll(place)) {
      const found = all(root, `[data-key="${CSS.escape(key)}"]`).find(seen);
      if (found) return found;
    }
  }
  return null;
}

/** Keys work from now on. `press` acts, `holdStart` and `holdEnd` enclose a long press, `escape` leaves a field or a panel.
 * @param {{press: (control: HTMLElement) => void, holdStart: (control: HTMLElement) => void, holdEnd: () => void, escape: () => void}} hands
 */
export function listen({ press, holdStart, holdEnd, escape }) {
  /** @type {string | null} */
  let held = null;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "Enter" && typing()) { event.preventDefault(); fieldWithHand()?.form?.requestSubmit(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { left = null; escape(); return; }
    if (writesOn()) { event.preventDefault(); return; }
    if (typing() || (!singleKeys && event.key.length === 1)) return;
    const key = name(event), active = document.activeElement;
    // Enter and Space on a focused control are that control's own.
    const own = (key === "Enter" || key === "Space") && active?.matches("a[href], button");
    if (own) { if (event.repeat) event.preventDefault(); return; }
    const control = find(key);
    if (!control) return;
    event.preventDefault();
    if (event.repeat) return;
    if (control.matches("[data-hold], [data-hold-opens]")) { held = key; holdStart(control); return; }
    press(control);
  });
  addEventListener("keyup", (event) => { if (held && name(event) === held) { held = null; holdEnd(); } });
  addEventListener("blur", () => { if (held) { held = null; holdEnd(); } });
}
