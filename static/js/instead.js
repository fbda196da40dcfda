/* What lies on the desk in the place of an incident: grey shapes while it comes, why it does not come, or that it is gone. */
import { made } from "./dom.js";
import { say } from "./words.js";

const SLOW_MS = 2000;  // then it is said what is waited for

/** @param {string} key @param {string} deed @param {string} words */
const button = (key, deed, words, first = true) => made(
  "button", { type: "button", class: first ? "btn btn--go btn--big" : "btn btn--line", "data-do": deed, "data-key": key },
  made("kbd", {}, key), words,
);

/** A heading, a sentence and what can be pressed.
 * @param {string} kind @param {string} code of its words @param {HTMLElement[]} buttons
 */
function calm(kind, code, ...buttons) {
  const said = [made("h1", {}, say(code)), made("p", {}, say(`${code}_more`)), made("p", { class: "row" }, ...buttons)];
  return made("section", { class: "quiet", [`data-${kind}`]: "" }, made("div", { class: "calm" }, ...said));
}

/** What was open is not this user's to see any more. */
export const gone = () => calm("gone", "incident_gone", button("Enter", "leave", say("go_on")));

/** It was asked for twice and did not come: it is asked for again by itself, and at a key. */
export const failing = () => calm("failing", "incident_failed", button("Y", "again", say("try_now")), button("J", "next", say("next"), false));

/** Grey shapes of the final size, with words once it takes long. */
export function loading() {
  const words = made("p", { class: "more", role: "status" }), shape = () => made("i", { class: "skeleton" });
  setTimeout(() => { if (words.isConnected) words.textContent = say("opening"); }, SLOW_MS);
  const row = (/** @type {number} */ n) => made("div", { "aria-hidden": "true" }, ...Array.from({ length: n }, shape));
  return made("div", { class: "loading" }, row(2), row(2), made("div", {}, words));
}
