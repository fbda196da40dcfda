/* The readiness pages: #live is asked for anew every five seconds while the page is looked at. What is old says so. */
import "./camera-view.js";
import { all, as, byId } from "./dom.js";
import { clockText } from "./time.js";

const EVERY_MS = 5000;
const live = byId("live");
const stale = byId("stale");
let last = Date.now();

/** Fill every <time data-iso>: with the day where data-day asks for it and it is not today's.
 * @param {ParentNode} root
 */
function times(root) {
  for (const time of all(root, "time[data-iso]", HTMLTimeElement)) {
    const iso = time.dataset.iso ?? "", at = Date.parse(iso), zone = time.dataset.zone || undefined;
    const clock = clockText(at, zone, "short" in time.dataset || "day" in time.dataset);
    const day = (/** @type {number} */ ms) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone }).format(ms);
    time.dateTime = iso;
    time.textContent = "day" in time.dataset && day(at) !== day(Date.now()) ? `${day(at)} ${clock}` : clock;
  }
}

const reachable = () => all(live, "a, button, summary");

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" }, redirect: "manual", signal: AbortSignal.timeout(EVERY_MS) });
    if (answer.status === 404 || answer.type === "opaqueredirect") { location.reload(); return; }  // not ours any more, or logged out
    if (!answer.ok) throw new Error(String(answer.status));
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    times(part.content);
    const hand = as(document.activeElement), place = hand ? reachable().indexOf(hand) : -1;
    live.replaceChildren(part.content);
    if (place >= 0) reachable()[place]?.focus({ preventScroll: true });  // nothing moves under the hand
    last = Date.now();
    mark(false);
  } catch {
    mark(true);  // told in the bar; the next try is soon
  }
}

/** @param {boolean} old */
function mark(old) {
  live.classList.toggle("is-old", old);
  stale.hidden = !old;
  if (old) stale.textContent = `${stale.dataset.words} ${clockText(last)}`;
}

times(document);
setInterval(() => { if (!document.hidden) look(); }, EVERY_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
