/* The portal's pages keep themselves up to date: pushed cards go in place; anything else fetches the page again,
   at most once in half a second, and puts in what differs. Without this script the pages work, they just stand still. */

import { Feed } from "./portal-feed.js";
import "./portal-clip.js";

const GRACE_MS = 2000;  // a socket that is back within this was never worth a word
const AGAIN_MS = 500;
const page = document.body;
const offline = document.querySelector("[data-offline]");
const told = document.querySelector("[data-told]");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: page.dataset.zone || undefined });
const scheme = location.protocol === "https:" ? "wss" : "ws";
const positions = JSON.parse(document.getElementById("positions").textContent);
const feed = new Feed(`${scheme}://${location.host}/ws/feed?face=portal`, positions);

let graceTimer = 0, lookTimer = 0, looking = false, lookAgain = false, contactAt = Date.now();

function showOffline() {
  const words = offline.querySelector("[data-offline-words]");
  words.textContent = words.dataset.offlineWords.replace("{time}", clock.format(contactAt));
  offline.hidden = false;
}

function say(title) {
  if (title) told.textContent = told.dataset.toldWords.replace("{title}", title);
}

/** Put a pushed piece of HTML in the place of the element it replaces. */
function swap(old, html) {
  const made = document.createRange().createContextualFragment(html.trim()).firstElementChild;
  if (old.outerHTML === made.outerHTML) return;
  const focused = old.contains(document.activeElement);
  old.replaceWith(made);
  if (focused) (made.matches("a") ? made : made.querySelector("a"))?.focus();
}

function place(event) {
  if (!event.incident && !event.stale) return;  // it was not for customers
  if (page.dataset.site && event.site && event.site !== page.dataset.site) return;
  const here = document.querySelector("[data-page-incident]");
  if (here) {
    if (event.incident === here.dataset.pageIncident || event.stale) look();
    return;
  }
  const known = event.incident && document.querySelector(`[data-incident="${event.incident}"]`);
  if (!known) { look(); return; }
  swap(known, known.matches("article") ? event.card : event.row);
  say(document.querySelector(`[data-incident="${event.incident}"]`)?.dataset.title);
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

function putIn(fresh) {
  let title = "";
  for (const part of document.querySelectorAll("[data-live]")) {
    const made = fresh.getElementById(part.id);
    if (!made || made.innerHTML === part.innerHTML) continue;
    if (part.id === "clip") {
      const same = part.dataset.clip && part.dataset.clip === made.dataset.clip;
      if (same || part.querySelector("portal-clip")?.watched) continue;
    }
    const focus = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceWith(document.adoptNode(made));
    if (focus) made.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus();
    title ||= made.dataset.title ?? made.querySelector("[data-title]")?.dataset.title ?? "";
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
feed.addEventListener("event", (event) => place(event.detail));
feed.addEventListener("look", look);
feed.addEventListener("logged-out", () => location.reload());
feed.addEventListener("rights", () => location.reload());
addEventListener("offline", () => { showOffline(); feed.cut(); });
addEventListener("online", () => feed.nudge());
document.addEventListener("visibilitychange", () => { if (!document.hidden) feed.nudge(); });

// A menu closes when one looks elsewhere, and with Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});

feed.open();
