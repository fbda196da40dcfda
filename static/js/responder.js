/* The responder's page keeps itself up to date and says when it cannot. Without this script it works, it just stands still. */
import { all, byId, maybe, the } from "./dom.js";

const EVERY_MS = 5000, LONGEST_MS = 8000;
const offline = the(document, "[data-offline]");
const told = the(document, "[data-told]");
const form = byId("answer", HTMLFormElement);
const hour = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
const parts = all(document, "[data-live]").map((part) => part.id);
const shown = new Map(parts.map((id) => [id, byId(id).innerHTML]));  // as the server wrote it

let timer = 0, busy = false, turn = 0, contactAt = new Date(), unsent = false;
let ahead = Date.now() - Date.parse(document.body.dataset.now ?? "");  // this phone's clock against the server's

/** @param {"lost" | "unsent" | "refused"} why */
function say(why) {
  const words = the(offline, "span");
  words.textContent = (words.dataset[why] ?? "").replace("{time}", hour.format(contactAt));
  offline.hidden = false;
}

/** Put in what differs from what the server said last; what stands (a picture, an opened fold) is left alone.
 * @param {string} text
 */
function putIn(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const id of parts) {
    const made = fresh.getElementById(id);
    if (!made) { location.reload(); return; }
    if (made.innerHTML === shown.get(id)) continue;
    shown.set(id, made.innerHTML);
    const part = byId(id);
    const focused = part.contains(document.activeElement);
    part.replaceWith(document.adoptNode(made));
    if (focused) maybe(made, "button, a")?.focus();
    if (id === "top") told.textContent = the(made, "span").textContent;
  }
  ahead = Date.now() - Date.parse(fresh.body.dataset.now ?? "");
  contactAt = new Date();
  unsent = false;
  offline.hidden = true;
  dress();
  count();
}

/** What the page is from now on.
 * @param {string} url
 * @param {RequestInit} options
 * @returns {Promise<string>}
 */
async function ask(url, options) {
  const answer = await fetch(url, { ...options, cache: "no-store", signal: AbortSignal.timeout(LONGEST_MS) });
  if (answer.status === 403 || answer.status === 404 || answer.status === 410) { location.reload(); return new Promise(() => {}); }
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return answer.text();
}

async function look() {
  clearTimeout(timer);
  if (busy || document.hidden) return;
  busy = true;
  const mine = ++turn;
  try {
    const text = await ask(location.href, {});
    if (mine === turn) putIn(text);  // else an answer was sent meanwhile: this is how it was before it
  } catch (error) {
    console.warn("could not look again, trying later:", error);
    if (!unsent) say("lost");
  } finally {
    if (mine === turn) { busy = false; timer = setTimeout(look, EVERY_MS); }
  }
}

form.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  clearTimeout(timer);
  busy = true;
  turn += 1;
  try {
    putIn(await ask(button.formAction, { method: "POST", body: new FormData(form) }));
  } catch (error) {
    console.warn("the answer was not taken:", error);
    unsent = true;
    say(error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError") ? "unsent" : "refused");
  } finally {
    button.removeAttribute("aria-busy");
    busy = false;
    timer = setTimeout(look, EVERY_MS);
  }
});

/** The seconds left to answer, by the server's clock. */
function count() {
  const line = maybe(document, "[data-until]");
  if (!line) return;
  const left = Math.ceil((Date.parse(line.dataset.until ?? "") - (Date.now() - ahead)) / 1000);
  if (left <= 0) { line.textContent = line.dataset.over ?? ""; return; }
  const [before, after] = (line.dataset.words ?? "").split("{left}");
  const figure = document.createElement("b");
  figure.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  line.replaceChildren(before, figure, after ?? "");
}

/** Apple's phones open their maps by an address of their own. */
function dress() {
  if (!/iPhone|iPad/.test(navigator.userAgent)) return;
  for (const way of all(document, "[data-apple]", HTMLAnchorElement)) way.href = way.dataset.apple ?? "";
}

addEventListener("offline", () => say("lost"));
addEventListener("online", look);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
addEventListener("pageshow", (event) => { if (event.persisted) look(); });
setInterval(count, 1000);
dress();
count();
timer = setTimeout(look, EVERY_MS);
