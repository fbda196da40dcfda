/* An incident told again: the range, the arrows and Play move through its moments. Without this script every moment is a link. */
import { all, byId, the } from "./dom.js";

const range = byId("range", HTMLInputElement), place = byId("moment"), list = byId("moments");
const rows = all(list, "li"), last = rows.length - 1;
const play = the(document, "[data-play]", HTMLButtonElement);
const FASTER = 8, LEAST_MS = 400, MOST_MS = 3000;
/** @type {Map<number, string>} */
const known = new Map();
let wanted = Number(range.value), shown = wanted, timer = 0, playing = false;

/** @param {number} n */
async function fetched(n) {
  const kept = known.get(n);
  if (kept !== undefined) return kept;
  const answer = await fetch(`?n=${n}`, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
  if (!answer.ok) throw new Error(String(answer.status));
  const html = await answer.text();
  known.set(n, html);
  return html;
}

/** Show one moment; of several that are asked for while the first is on its way the last is shown.
 * @param {number} n
 */
async function go(n) {
  wanted = Math.min(Math.max(n, 0), last);
  range.value = String(wanted);
  mark();
  try {
    const asked = wanted, html = await fetched(asked);
    if (asked !== wanted || asked === shown) return;
    shown = asked;
    place.innerHTML = html;
    history.replaceState(null, "", `?n=${asked}`);
  } catch {
    location.search = `?n=${wanted}`;  // the server says what is the matter
  }
}

function mark() {
  rows.forEach((row, n) => { if (n === wanted) row.setAttribute("aria-current", "step"); else row.removeAttribute("aria-current"); });
  const row = rows[wanted];
  range.setAttribute("aria-valuetext", row?.innerText.replace(/\s+/g, " ") ?? "");
  if (row && list.scrollHeight > list.clientHeight) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2;
  for (const link of all(document, "[data-step]", HTMLAnchorElement)) {
    const to = wanted + Number(link.dataset.step);
    if (to < 0 || to > last) { link.removeAttribute("href"); link.setAttribute("aria-disabled", "true"); }
    else { link.href = `?n=${to}`; link.removeAttribute("aria-disabled"); }
  }
}

function stop() {
  clearTimeout(timer);
  playing = false;
  for (const word of all(play, "[data-word]")) word.hidden = word.dataset.word !== "play";
}

/** From here to the end, eight times as fast as it was, and never waiting long. */
function on() {
  if (!playing) return;
  if (wanted >= last) { stop(); return; }
  const gap = (Number(rows[wanted + 1]?.dataset.s) - Number(rows[wanted]?.dataset.s)) * 1000;
  timer = setTimeout(() => { go(wanted + 1).then(on); }, Math.min(MOST_MS, Math.max(LEAST_MS, gap / FASTER)));
}

range.disabled = false;
play.hidden = false;
range.addEventListener("input", () => { stop(); go(Number(range.value)); });
play.addEventListener("click", () => {
  if (playing) { stop(); return; }
  playing = true;
  for (const word of all(play, "[data-word]")) word.hidden = word.dataset.word !== "pause";
  if (wanted >= last) go(0).then(on); else on();
});
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const row = link.closest("#moments li");
  const to = row ? rows.findIndex((one) => one === row) : link.dataset.step ? wanted + Number(link.dataset.step) : -1;
  if (to < 0 || to > last) return;
  event.preventDefault();
  stop();
  go(to);
});
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLVideoElement || event.target instanceof HTMLTextAreaElement;
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  stop();
  go(wanted + (event.key === "ArrowLeft" ? -1 : 1));
});
mark();
