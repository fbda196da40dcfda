/* Every act is a plain form, sent here without leaving the page. The answer is the incident's pane: as it is after the
   act (200), or as it is instead (409), with the words of the refusal. */
import { contained } from "./desk.js";
import { maybe } from "./dom.js";
import { announce, say } from "./words.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {HTMLButtonElement | HTMLInputElement} Button */

/** @type {Promise<void>} */
let queue = Promise.resolve();

/** Send a form; `button` is what was pressed. Acts go out one after the other, in the order of the keys; the same form
    pressed again while it is on its way is the same press.
 * @param {Desk} desk
 * @param {HTMLFormElement} form
 * @param {Button | null} button
 */
export function send(desk, form, button) {
  if (form.getAttribute("aria-busy") === "true") return queue;
  form.setAttribute("aria-busy", "true");
  const url = goesTo(form, button);
  const body = new FormData(form, button ?? undefined);  // as it is when the key is pressed
  const open = desk.id;  // likewise: an act may wait here for the one before it
  queue = queue.catch(() => {}).then(() => deliver(desk, open, form, url, body));
  return queue;
}

/** The address that `button` sends its form to.
 * @param {HTMLFormElement} form
 * @param {Button | null} button
 */
export const goesTo = (form, button) => (button?.hasAttribute("formaction") ? button.formAction : form.action);

/** @param {Desk} desk @param {string} open what lay on it when the key was pressed @param {HTMLFormElement} form @param {string} url @param {FormData} body */
async function deliver(desk, open, form, url, body) {
  const over = desk.act();
  /** @type {number[] | null} */
  let events = null;
  try {
    const answer = await post(desk.address(url), body);
    if (!answer) tell(desk, form, say("not_sent"));
    else if (answer.status !== 200 && answer.status !== 409) tell(desk, form, say("failed"));
    else {
      const html = await answer.text();
      if (answer.status === 200) desk.dispatchEvent(new CustomEvent("accepted", { detail: { id: open, form, body } }));
      if (desk.id === open) {
        take(desk, form, answer.status, html);
        events = contained(answer);
      } else if (answer.status === 409) announce(refusal(html), true);  // another was opened meanwhile, and stays under the hand
    }
  } catch (error) {
    tell(desk, form, say("failed"));
    throw error;  // to the browser's console: a page that cannot show an answer is our mistake
  } finally {
    over(events);
    form.removeAttribute("aria-busy");
  }
}

/** POST as the page's own script; null without contact.
 * @param {string} url
 * @param {FormData} body
 */
export async function post(url, body) {
  try {
    return await fetch(url, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
  } catch {
    return null;
  }
}

/** @param {Desk} desk @param {HTMLFormElement} form @param {number} status @param {string} html */
function take(desk, form, status, html) {
  const part = form.dataset.part, panel = form.dataset.panel;
  desk.acted();
  if (status === 200) {
    form.reset();
    if (panel) desk.closePanel();
    else if (part) desk.parts.delete(part);
    desk.show(html);
    desk.dispatchEvent(new CustomEvent("done", { detail: { form } }));
    return;
  }
  const words = refusal(html);
  desk.show(html.replace(/data-panel-open="[^"]*"/, ""));
  const place = panel ? document.getElementById(form.id) : form.isConnected ? form : maybe(desk.root, "[data-bright]");
  tell(desk, place, words);
  if (place?.querySelector(".said")) desk.root.querySelector(".bar [data-said] [data-refused]")?.remove();  // said once is enough
}

/** @param {string} html */
function refusal(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector("[data-refused]")?.textContent ?? say("failed");
}

/** Say it in the row of what was pressed, else at the end of the action bar.
 * @param {Desk} desk
 * @param {Element | null} place
 * @param {string} words
 */
export function tell(desk, place, words) {
  const row = place?.querySelector(".said") ?? desk.root.querySelector(".bar [data-said]");
  if (row) { row.textContent = words; row.scrollIntoView({ block: "nearest" }); }
  announce(words, true);
}
