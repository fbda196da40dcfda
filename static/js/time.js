/* The centre's time in this browser. The feed measures by how much this machine's clock is off. */
import { all } from "./dom.js";

let skewMs = 0;
let best = Infinity;

/** Learn the skew from one ping: sent and received here (ms), answered there (ISO). The quickest answer knows best.
 * @param {number} sent
 * @param {number} received
 * @param {string} there
 */
export function learn(sent, received, there) {
  const took = received - sent;
  if (took > best * 1.5 + 20) return;
  best = took;
  skewMs = Date.parse(there) - (sent + received) / 2;
}

/** Milliseconds since 1970 by the centre's clock. */
export const now = () => Date.now() + skewMs;

/** “0:24”, “1:02:24”
 * @param {number} ms
 */
export function span(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone @param {boolean} short */
function format(zone, short) {
  const key = `${zone}|${short}`, known = formats.get(key);
  if (known) return known;
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { hour: "2-digit", minute: "2-digit", second: short ? undefined : "2-digit", hourCycle: "h23" };
  const made = new Intl.DateTimeFormat("en-GB", zone ? { ...options, timeZone: zone } : options);
  formats.set(key, made);
  return made;
}

/** “02:13:25” as the zone's clock shows it (no zone: this browser's); `short` leaves out the seconds. */
export const clockText = (/** @type {number} */ ms, zone = "", short = false) => format(zone, short).format(new Date(ms));

/** Fill every <time data-iso> below `root`.
 * @param {ParentNode} root
 */
export function fillTimes(root) {
  for (const time of all(root, "time[data-iso]", HTMLTimeElement)) {
    if (!time.dataset.iso) continue;
    time.dateTime = time.dataset.iso;
    time.textContent = clockText(Date.parse(time.dataset.iso), time.dataset.zone ?? "", "short" in time.dataset);
  }
}
