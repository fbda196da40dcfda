/* Sentences come from the server, in the reader's language; this module only fills their gaps. */
import { json } from "./dom.js";

/** @type {Record<string, string>} */
const words = json(document.getElementById("words"));

/** Who reads, and where things are: `incident` is an address with an id of zeros in the place of the incident's.
 * `card` and `keys`: for card.js and keymap.js.
 * @type {{me: string, console: string, login: string, quiet: string, shift: string, incident: string, card?: any, keys?: any}}
 */
export const settings = json(document.getElementById("settings"));

/** The sentence `key` with {gaps} filled; the key itself where a sentence is missing, so that it is noticed.
 * @param {string} key
 * @param {object} [gaps] names of gaps and what stands there
 */
export function say(key, gaps = {}) {
  /** @type {Map<string, unknown>} */
  const values = new Map(Object.entries(gaps));
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_all, name) => String(values.get(name) ?? ""));
}

/** Tell screen readers: politely, or at once where it cannot wait.
 * @param {string} text
 */
export function announce(text, urgent = false) {
  const region = document.getElementById(urgent ? "assertive" : "polite");
  if (region) region.textContent = text;
}
