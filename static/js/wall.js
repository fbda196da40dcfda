/* The supervisors' wall: its parts are asked for anew when something happened, and every five seconds; ages run on here. */
import { Bell } from "./bell.js";
import { all, as, byId, json, maybe, the } from "./dom.js";
import { hearEscalated } from "./escalated.js";
import { clockText, now, span } from "./time.js";

const EVERY_MS = 5000;
const GAP_MS = 1500;  // however much happens, at most one look in this time
const SLOW_MS = 300_000;
const WAIT_MS = 10_000;
const BAR = 4 / 3;  // the bar ends a third after the limit

const bell = new Bell(json(byId("settings", HTMLScriptElement)));
/** @type {Map<string, string>} how the server rendered each part last */
const parts = new Map();
/** @type {Map<string, Element>} what changes slowly, as it was told last */
const slow = new Map();
let asked = -Infinity, waiting = 0, told = "";

/** Times by this browser's clocks; with data-day the day where it is not today's, with data-hour the hour alone.
 * @param {ParentNode} root
 */
function times(root) {
  for (const time of all(root, "time[data-iso]", HTMLTimeElement)) {
    const iso = time.dataset.iso ?? "", at = Date.parse(iso), data = time.dataset;
    const clock = clockText(at, "", "short" in data || "day" in data || "hour" in data);
    const day = (/** @type {number} */ ms) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }).format(ms);
    time.dateTime = iso;
    time.textContent = "hour" in data ? clock.slice(0, 2) : "day" in data && day(at) !== day(now()) ? day(at) : clock;
  }
  for (const one of all(root, "[data-seconds]")) if (Number(one.dataset.seconds)) one.textContent = span(Number(one.dataset.seconds) * 1000);
}

function ages() {
  const at = now();
  for (const one of all(document, "[data-from]")) one.textContent = span(at - Date.parse(one.dataset.from ?? ""));
  for (const bar of all(document, "rect[data-fill]", SVGRectElement)) {
    const part = (at - Date.parse(bar.dataset.fill ?? "")) / 1000 / (Number(bar.dataset.limit) * BAR);
    bar.setAttribute("width", String(Math.round(Math.min(1, Math.max(0, part)) * 1000) / 10));
  }
  for (const clock of all(document, ".now")) clock.textContent = clockText(at);
  const age = byId("feed-age");
  the(age, ":scope > :last-child").textContent = `${age.dataset.words} ${bell.age.toFixed(1)} ${age.dataset.seconds}`;
}

/** Put a part in the place of the one that stands there; whoever had their hand in it finds it where it was.
 * @param {Element} old
 * @param {Element} fresh
 */
function exchange(old, fresh) {
  const reachable = (/** @type {Element} */ root) => all(root, "a, button, summary, input, select");
  const hand = as(document.activeElement), place = hand && old.contains(hand) ? reachable(old).indexOf(hand) : -1;
  const key = hand?.closest("[data-key]")?.getAttribute("data-key");
  old.replaceWith(fresh);
  if (place < 0) return;
  const same = key ? all(fresh, "[data-key]").find((one) => one.dataset.key === key) : null;
  (maybe(same, "a, button") ?? reachable(fresh)[place])?.focus({ preventScroll: true });
}

/** @param {ParentNode} root where what was told slowly has its places */
function fill(root) {
  for (const place of all(root, "[data-slow]")) {
    const known = slow.get(place.dataset.slow ?? "");
    if (known) { const fresh = as(known.cloneNode(true), Element); if (fresh) place.replaceWith(fresh); }
  }
}

/** Ask for a part of this page. Null without contact; the bar says so.
 * @param {string} [part]
 * @returns {Promise<DocumentFragment | null>}
 */
async function ask(part) {
  const url = new URL(location.pathname, location.href), of = new URLSearchParams(location.search).get("of");
  if (of) url.searchParams.set("of", of);
  if (part) url.searchParams.set("part", part);
  try {
    const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, redirect: "manual", signal: AbortSignal.timeout(WAIT_MS) });
    if (answer.status === 404 || answer.type === "opaqueredirect") { location.reload(); return null; }  // not ours any more, or logged out
    if (!answer.ok) return null;
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    times(made.content);
    return made.content;
  } catch {
    return null;  // no contact: the bell says so
  }
}

async function look() {
  waiting = 0;
  asked = performance.now();
  const fresh = await ask();
  if (!fresh) return;
  for (const part of all(fresh, "[data-part]")) {
    const name = part.dataset.part ?? "", html = part.outerHTML;
    const old = maybe(document, `[data-part="${name}"]`);
    if (!old || parts.get(name) === html) continue;
    parts.set(name, html);
    exchange(old, part);
    fill(part);
  }
  ages();
  say();
}

async function lookSlowly() {
  const fresh = await ask("slow");
  for (const one of fresh ? all(fresh, "[data-slow]", Element) : []) slow.set(one.getAttribute("data-slow") ?? "", one);
  if (fresh) fill(document);
}

/** Something happened: look soon, and once for all that happens meanwhile. */
function soon() {
  if (waiting || document.hidden) return;
  waiting = setTimeout(look, Math.max(200, GAP_MS - (performance.now() - asked)));
}

/** What comes to need somebody is said once. */
function say() {
  const first = maybe(document, ".appr h3")?.textContent ?? "";
  if (first !== told) byId("polite").textContent = told = first;
}

function contact() {
  const bar = byId("stale");
  bar.hidden = !bell.lost;
  byId("top").hidden = bell.lost;
  for (const one of all(document, ".sum, #wall")) one.classList.toggle("is-old", bell.lost);
  if (!bell.lost) return;
  the(bar, "b").textContent = `${bar.dataset.words} ${clockText(bell.heardClock)}`;
  the(bar, ".more").textContent = bar.dataset.more ?? "";
}

times(document);
ages();
setInterval(ages, 1000);
setInterval(() => { if (performance.now() - asked >= EVERY_MS) soon(); }, 1000);
setInterval(lookSlowly, SLOW_MS);
lookSlowly();
hearEscalated(bell);
bell.addEventListener("ring", soon);
bell.addEventListener("lost", contact);
bell.addEventListener("back", () => { contact(); soon(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
