/* A note that was begun is kept in this browser until it is saved, the incident is closed, or its writer logs out. */
import { maybe } from "./dom.js";
import { clockText, now } from "./time.js";
import { say, settings } from "./words.js";

const ANYBODYS = "nightdesk.draft.", MARK = `${ANYBODYS}${settings.me}.`;
const KEPT_MS = 24 * 3600 * 1000;  // what nobody came back to in a day is nobody's

/** @typedef {{text: string, at: number}} Draft */

/** @param {import("./desk.js").Desk} desk */
export function drafting(desk) {
  tidy();
  desk.root.addEventListener("input", (event) => {
    if (event.target instanceof HTMLTextAreaElement && event.target.id === "note") keep(desk, event.target.value);
  });
  desk.addEventListener("shown", () => restore(desk));
  desk.addEventListener("done", (event) => {
    const { form } = /** @type {CustomEvent<{form: HTMLFormElement}>} */ (event).detail;
    if (desk.pane?.dataset.state === "closed") { drop(desk.id); tell(desk, null); }
    else if (form.dataset.part === "note") tell(desk, null);
  });
  // A saved note empties its field before the pane is shown anew: nothing is to be put back then.
  desk.root.addEventListener("reset", (event) => {
    if (event.target instanceof HTMLFormElement && event.target.dataset.part === "note") drop(desk.id);
  });
  document.addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement && event.target.matches("[data-leaves]")) tidy(true);
  });
  restore(desk);
}

/** @param {import("./desk.js").Desk} desk @param {string} text */
function keep(desk, text) {
  if (!desk.id) return;
  if (!text.trim()) { drop(desk.id); tell(desk, null); return; }
  const draft = { text, at: now() };
  try {
    localStorage.setItem(MARK + desk.id, JSON.stringify(draft));
  } catch {  // storage is full or forbidden: then nothing is promised
    tell(desk, null);
    return;
  }
  tell(desk, draft);
}

/** @param {string} id */
function drop(id) { localStorage.removeItem(MARK + id); }

/** What was begun here and not saved is in the field again; never over what stands there.
 * @param {import("./desk.js").Desk} desk
 */
function restore(desk) {
  const field = maybe(desk.root, "#note", HTMLTextAreaElement), draft = read(MARK + desk.id);
  if (!field) return;
  if (desk.pane?.dataset.state === "closed") { drop(desk.id); return; }
  if (draft && !field.value) field.value = draft.text;
  tell(desk, draft && field.value === draft.text ? draft : null);
}

/** @param {string} key @returns {Draft | null} */
function read(key) {
  const kept = localStorage.getItem(key);
  if (!kept) return null;
  try {
    const draft = JSON.parse(kept);
    return typeof draft?.text === "string" && typeof draft?.at === "number" ? draft : null;
  } catch {
    return null;  // not ours, or torn: as if there were none
  }
}

/** @param {import("./desk.js").Desk} desk @param {Draft | null} draft */
function tell(desk, draft) {
  const place = maybe(desk.root, "[data-draft]");
  if (place) place.textContent = draft ? say("draft_kept", { time: clockText(draft.at) }) : "";
}

/** Forget what is a day old, and what somebody else left who sat here and did not log out on this page; with `everything` all.
 * @param {boolean} [everything]
 */
function tidy(everything = false) {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(ANYBODYS)) continue;
    const draft = read(key);
    if (everything || !key.startsWith(MARK) || !draft || now() - draft.at > KEPT_MS) localStorage.removeItem(key);
  }
}
