/* Whose keys are other ones than those the console is shipped with. Controls keep the shipped key in data-key; what is pressed and
   what is shown is this person's. Shipped and own keys are one exchange of letters, so that none is out of reach. */
import { all } from "./dom.js";
import { settings } from "./words.js";

/** @type {{own: Record<string, string>, single: boolean}} */
const { own = {}, single = true } = settings.keys ?? {};
const shipped = new Map(Object.entries(own).map(([key, mine]) => [mine, key]));

/** Whether letters and figures press anything; where not, everything is reached by Ctrl K, Tab and Enter. */
export const singleKeys = single;

/** The shipped key that a pressed one stands for.
 * @param {string} pressed
 */
export const meant = (pressed) => shipped.get(pressed) ?? pressed;

/** The key as this person presses it.
 * @param {string} key
 */
export const mine = (key) => own[key] ?? key;

/** Show this person's keys on everything below `root`, now and whatever comes later.
 * @param {HTMLElement} root
 */
export function showOwn(root) {
  if (!shipped.size) return;
  label(root);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) label(node);
  }).observe(root, { childList: true, subtree: true });
}

/** @param {Element} root */
function label(root) {
  const controls = root.matches("[data-key]") ? [root, ...all(root, "[data-key]")] : all(root, "[data-key]");
  for (const control of controls) {
    const key = control.getAttribute("data-key") ?? "", cap = (control.matches("input, textarea") ? control.closest("label, .field, .row") : control)?.querySelector("kbd");
    if (cap && cap.textContent === key) cap.textContent = mine(key);
  }
}
