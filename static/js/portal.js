/* The portal's pages keep themselves up to date: pushed cards go in place; anything else fetches the page again,
   at most once in half a second, and puts in what differs. Without this script the pages work, they just stand still. */

import { all, as, json, maybe, the } from "./dom.js";
import { PortalClip } from "./portal-clip.js";
import { Feed } from "./portal-feed.js";

const GRACE_MS = 2000;  // a socket that is back within this was never worth a word
const AGAIN_MS = 500;
const page = document.body;
const offline = the(document, "[data-offline]");
const told = the(document, "[data-told]");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: page.dataset.zone || undefined });
const scheme = location.protocol === "https:" ? "wss" : "ws";
const positions = json(document.getElementById("positions"));
const feed = new Feed(`${scheme}://${location.host}/ws/feed?face=portal`, positions);

let graceTimer = 0, lookTimer = 0, looking = false, lookAgain = false, contactAt = Date.now();

function showOffline() {
  const words = the(offline, "[data-offline-words]");
  words.textContent = (words.dataset.offlineWords ?? "").replace("{time}", clock.format(contactAt));
  offline.hidden = false;
}

/** @param {string} [title] of what has just changed */
function say(title) {
  if (title) told.textContent = (told.dataset.toldWords ?? "").replace("{title}", title);
}

/** Put a pushed piece of HTML in the place of the element it replaces.
 * @param {HTMLElement} old
 * @param {string} html
 */
function swap(old, html) {
  const made = the(document.createRange().createContextualFragment(html.trim()), "*");
  if (old.outerHTML === made.outerHTML) return;
  const focused = old.contains(document.activeElement);
  old.replaceWith(made);
  if (focused) (made.matches("a") ? made : maybe(made, "a"))?.focus();
}

/** @param {import("./portal-feed.js").Pushed} event */
function place(event) {
  if (!event.incident && !event.stale) return;  // it was not for customers
  if (page.dataset.site && event.site && event.site !== page.dataset.site) return;
  const here = maybe(document, "[data-page-incident]");
  if (here) {
    if (event.incident === here.dataset.pageIncident || event.stale) look();
    return;
  }
  const row = `[data-incident="${event.incident}"]`, known = event.incident ? maybe(document, row) : null;
  if (!known) { look(); return; }
  swap(known, known.matches("article") ? event.card : event.row);
  say(maybe(document, row)?.dataset.title);
}

/** Fetch this page again soon and put in the parts that differ. */
function look() {
  if (looking) { lookAgain = true; return; }
  clearTimeout(lookTimer);
  lookTimer = setTimeout(fetchAgain, AGAIN_MS * (0.5 + Math.random() / 2));
}

async function fetchAgain() {
  looking = true;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(8000) });
    if (answer.type === "opaqueredirect" || answer.status === 404) { location.reload(); return; }
    if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
    putIn(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    console.warn("could not look again, trying later:", error);
    setTimeout(look, 3000);
  } finally {
    looking = false;
    if (lookAgain) { lookAgain = false; look(); }
  }
}

/** @param {Document} fresh */
function putIn(fresh) {
  let title = "";
  for (const part of all(document, "[data-live]")) {
    const made = fresh.getElementById(part.id);
    if (!made || made.innerHTML === part.innerHTML) continue;
    if (part.id === "clip") {
      const same = part.dataset.clip && part.dataset.clip === made.dataset.clip;
      if (same || maybe(part, "portal-clip", PortalClip)?.watched) continue;
    }
    const hand = document.activeElement, focus = part.contains(hand) ? hand?.getAttribute("href") : null;
    part.replaceWith(document.adoptNode(made));
    if (focus) maybe(made, `[href="${CSS.escape(focus)}"]`)?.focus();
    title ||= made.dataset.title ?? maybe(made, "[data-title]")?.dataset.title ?? "";
  }
  say(title);
}

feed.addEventListener("contact", () => {
  clearTimeout(graceTimer);
  graceTimer = 0;
  contactAt = Date.now();
  offline.hidden = true;
});
feed.addEventListener("lost", () => { graceTimer ||= setTimeout(showOffline, GRACE_MS); });
feed.addEventListener("event", (event) => place(/** @type {CustomEvent<import("./portal-feed.js").Pushed>} */ (event).detail));
feed.addEventListener("look", look);
feed.addEventListener("logged-out", () => location.reload());
feed.addEventListener("rights", () => location.reload());
addEventListener("offline", () => { showOffline(); feed.cut(); });
addEventListener("online", () => feed.nudge());
document.addEventListener("visibilitychange", () => { if (!document.hidden) feed.nudge(); });

// A menu closes when one looks elsewhere, and with Escape.
document.addEventListener("click", (event) => {
  for (const menu of all(document, "details.menu[open]", HTMLDetailsElement)) if (!menu.contains(as(event.target, Element))) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of all(document, "details.menu[open]", HTMLDetailsElement)) { menu.open = false; the(menu, "summary").focus(); }
});

feed.open();
