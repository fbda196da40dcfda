/* What was begun to be written is kept in this browser until it is accepted, its incident is closed, or its writer logs out: an
   incident's note, and a call that is noted, of an incident or on the page of calls. */
import { above, all, as, maybe } from "./dom.js";
import { clockText, now } from "./time.js";
import { say, settings } from "./words.js";

const ANYBODYS = "nightdesk.draft.", MARK = `${ANYBODYS}${settings.me}.`;
const KEPT_MS = 24 * 3600 * 1000;  // what nobody came back to in a day is nobody's
const FORMS = "form[data-drafts]";  // its value: the names of the fields that are written by hand

/** What was written, by the names of fields. @typedef {{words: Record<string, string>, at: number}} Draft */
/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Field */

/** @param {Desk} desk */
export function drafting(desk) {
  tidy();
  desk.root.addEventListener("input", (event) => {
    const form = as(/** @type {Element} */ (event.target).closest(FORMS), HTMLFormElement);
    if (form) keep(form);
  });
  for (const kind of ["shown", "laid"]) desk.addEventListener(kind, () => restore(desk));
  // A panel that is left is emptied; what was accepted is no draft by then.
  desk.root.addEventListener("reset", () => queueMicrotask(() => restore(desk)));
  desk.addEventListener("accepted", (event) => {
    const { id, form, body } = /** @type {CustomEvent<{id: string, form: HTMLFormElement, body: FormData}>} */ (event).detail;
    if (form.matches(FORMS)) accepted(key(id, form), body);
    else if (form.dataset.panel === "close") forget(id);
  });
  document.addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement && event.target.matches("[data-leaves]")) tidy(true);
  });
  restore(desk);
}

/** Where the draft of a form lies, of an incident or of none.
 * @param {string} id @param {HTMLFormElement} form
 */
const key = (id, form) => [MARK + (id || "desk"), form.dataset.panel].filter(Boolean).join(".");

/** @param {HTMLFormElement} form @returns {Field[]} */
const fields = (form) => /** @type {Field[]} */ (all(form, "input:not([type=hidden]), textarea, select"));

/** @param {Field} field */
const chosen = (field) => as(field, HTMLInputElement)?.type === "radio";

/** What stands in a form, by the names of its fields.
 * @param {HTMLFormElement} form
 */
const standing = (form) => Object.fromEntries(
  fields(form).filter((field) => !chosen(field) || as(field, HTMLInputElement)?.checked).map((field) => [field.name, field.value]),
);

/** Whether somebody has begun to write in a form.
 * @param {HTMLFormElement} form
 */
const begun = (form) => (form.dataset.drafts ?? "").split(" ").some((name) => standing(form)[name]?.trim());

/** The incident that a form lies on: another one may be on its way to the desk already.
 * @param {HTMLFormElement} form
 */
const of = (form) => above(form, "#incident")?.dataset.id ?? "";

/** @param {HTMLFormElement} form */
function keep(form) {
  const place = key(of(form), form);
  if (!begun(form)) { localStorage.removeItem(place); tell(form, null); return; }
  const draft = { words: standing(form), at: now() };
  tell(form, write(place, draft) ? draft : null);
}

/** @param {string} place @param {Draft} draft */
function write(place, draft) {
  try {
    localStorage.setItem(place, JSON.stringify(draft));
    return true;
  } catch {  // storage is full or forbidden: then nothing is promised
    return false;
  }
}

/** What was accepted is no draft any more, wherever its writer is by now; what they have written on since is.
 * @param {string} place @param {FormData} body as it was sent
 */
function accepted(place, body) {
  const draft = read(place), sent = String(body.get("text") ?? "");
  const rest = sent && draft?.words.text?.startsWith(sent) ? draft.words.text.slice(sent.length).trim() : "";
  if (draft && rest) write(place, { words: { text: rest }, at: draft.at }); else localStorage.removeItem(place);
}

/** @param {string} id of an incident that is over */
function forget(id) {
  for (const name of Object.keys(localStorage)) if (id && name.startsWith(MARK + id)) localStorage.removeItem(name);
}

/** What was begun here and not accepted is in its fields again; never over what stands there.
 * @param {Desk} desk
 */
function restore(desk) {
  if (desk.pane?.dataset.state === "closed") forget(desk.pane.dataset.id ?? "");
  for (const form of all(desk.root, FORMS, HTMLFormElement)) {
    const draft = read(key(of(form), form));
    if (draft && !begun(form)) fill(form, draft.words);
    const stands = standing(form);
    tell(form, draft && Object.entries(draft.words).every(([name, value]) => stands[name] === value) ? draft : null);
  }
}

/** @param {HTMLFormElement} form @param {Record<string, string>} words */
function fill(form, words) {
  for (const field of fields(form)) {
    if (!(field.name in words)) continue;
    if (chosen(field) && field instanceof HTMLInputElement) field.checked = field.value === words[field.name]; else field.value = words[field.name];
  }
}

/** @param {string} place @returns {Draft | null} */
function read(place) {
  const kept = localStorage.getItem(place);
  if (!kept) return null;
  try {
    const draft = JSON.parse(kept);
    return typeof draft?.words === "object" && draft.words && typeof draft.at === "number" ? draft : null;
  } catch {
    return null;  // not ours, or torn: as if there were none
  }
}

/** @param {HTMLFormElement} form @param {Draft | null} draft */
function tell(form, draft) {
  const place = maybe(form, "[data-draft]");
  if (place) place.textContent = draft ? say("draft_kept", { time: clockText(draft.at) }) : "";
}

/** Forget what is a day old, and what somebody else left who sat here and did not log out on this page; with `everything` all.
 * @param {boolean} [everything]
 */
function tidy(everything = false) {
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith(ANYBODYS)) continue;
    const draft = read(name);
    if (everything || !name.startsWith(MARK) || !draft || now() - draft.at > KEPT_MS) localStorage.removeItem(name);
  }
}
