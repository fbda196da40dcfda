/* What nobody has claimed in its time is heard on a supervisor's page until somebody has it. The centre is asked what that is when
   something happened, and every few seconds; also by a page that is not looked at. A console knows it by its strip. */
import { byId } from "./dom.js";
import { soundControl } from "./sound-control.js";
import { Sound } from "./sound.js";

const EVERY_MS = 5000;
const GAP_MS = 1000;  // however much happens, it is asked once in this time
const WAIT_MS = 10_000;

/** @param {import("./bell.js").Bell} bell */
export function hearEscalated(bell) {
  const sound = new Sound(), address = byId("sound").dataset.heard ?? "";
  let asked = -Infinity, waiting = 0, turn = 0, heard = 0;

  async function ask() {
    waiting = 0;
    asked = performance.now();
    const mine = ++turn;
    try {
      const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "manual", signal: AbortSignal.timeout(WAIT_MS) });
      if (!answer.ok) return;
      const { priority } = await answer.json();
      if (mine < heard) return;  // a later one was answered before it
      heard = mine;
      sound.want(priority);
    } catch {
      // No contact: the bell says so, and what was to be heard goes on.
    }
  }
  function soon() { waiting ||= setTimeout(ask, Math.max(0, GAP_MS - (performance.now() - asked))); }

  soundControl(sound, () => true);
  sound.unlock();  // at once where the browser lets it, as after a press on the page that led here
  bell.addEventListener("ring", (event) => {
    const { kind, stale } = /** @type {CustomEvent<import("./bell.js").Rung>} */ (event).detail;
    if (stale || kind.startsWith("incident.")) soon();
  });
  for (const begins of ["hello", "back"]) bell.addEventListener(begins, soon);
  setInterval(() => { if (performance.now() - asked >= EVERY_MS) soon(); }, 1000);
  ask();
}
