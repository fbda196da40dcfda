/* Every act is a plain form, sent here without leaving the page. The answer is the incident's pane: as it is after the
   act (200), or as it is instead (409), with the words of the refusal. */
import { announce, say } from "./words.js";

let busy = false;

/** Send a form; `button` is what was pressed. */
export async function send(desk, form, button) {
  if (busy) return;  // a second press of the same key while the first is on its way
  busy = true;
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await post(button?.hasAttribute("formaction") ? button.formAction : form.action, new FormData(form, button ?? undefined));
    if (!answer) return tell(desk, form, say("not_sent"));
    if (answer.status !== 200 && answer.status !== 409) return tell(desk, form, say("failed"));
    take(desk, form, answer.status, await answer.text());
  } finally {
    busy = false;
    form.removeAttribute("aria-busy");
  }
}

/** POST as the page's own script; null without contact. */
export async function post(url, body) {
  try {
    return await fetch(url, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
  } catch {
    return null;
  }
}

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
  const place = panel ? document.getElementById(form.id) : form.isConnected ? form : desk.root.querySelector("[data-bright]");
  tell(desk, place, words);
}

function refusal(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector("[data-refused]")?.textContent ?? say("failed");
}

/** Say it in the row of what was pressed, else at the end of the action bar. */
export function tell(desk, place, words) {
  const row = place?.querySelector?.(".said") ?? desk.root.querySelector("[data-said]");
  if (row) row.textContent = words;
  announce(words, true);
}
