/* Sentences come from the server, in the reader's language; this module only fills their gaps. */
const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "{}");
const words = read("words");
export const settings = read("settings");

/** The sentence `key` with {gaps} filled; the key itself where a sentence is missing, so that it is noticed. */
export function say(key, gaps = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_all, name) => gaps[name] ?? "");
}

/** Tell screen readers: politely, or at once where it cannot wait. */
export function announce(text, urgent = false) {
  const region = document.getElementById(urgent ? "assertive" : "polite");
  if (region) region.textContent = text;
}
