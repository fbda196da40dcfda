/* Keeps the contingency pack of this workstation: a new one each hour and with each shift, and the page that opens it. Says
   something only where there is none, or an old one. */
import { keep, keptPack } from "./pack-kept.js";
import { say } from "./words.js";

const HOUR_MS = 3600_000, OLD_MS = 2 * HOUR_MS, AGAIN_MS = 60_000;

class PackKeeper {
  made = 0;
  refused = false;

  /** @param {HTMLElement} place where it is said that something is wrong */
  constructor(place) { this.place = place; }

  async start() {
    if (!globalThis.caches || !navigator.serviceWorker) return;  // neither https nor this machine itself: nothing can be kept
    await navigator.serviceWorker.register("/console/pack/worker.js", { scope: "/console/pack/" }).catch(() => null);
    const last = await keptPack().catch(() => null);
    this.made = last ? Date.parse(last.made_at) : 0;
    await this.renew(HOUR_MS);
    setInterval(() => this.renew(HOUR_MS), AGAIN_MS);
  }

  /** Fetch one, unless the last is younger than that.
   * @param {number} [younger] ms
   */
  async renew(younger = 0) {
    if (Date.now() - this.made >= younger) {
      const answer = await fetch("/console/pack/", { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
      if (answer?.status === 200) {
        const made = (await answer.clone().json()).made_at;
        await keep(answer);
        this.made = Date.parse(made);
      }
      this.refused = answer?.status === 204;
    }
    const words = this.words, line = this.place.firstElementChild;
    if (line && line.textContent !== words) line.textContent = words;
    this.place.hidden = !words;
  }

  /** What is to be said of it; "" while all is well. */
  get words() {
    const age = Date.now() - this.made;
    // That no phrase is set is told to those who can set one.
    if (!this.made) return this.refused && this.place.querySelector("a") ? say("pack_none") : "";
    return age > OLD_MS ? say("pack_old", { age: Math.floor(age / HOUR_MS) }) : "";
  }
}

const place = document.getElementById("pack");
if (place) new PackKeeper(place).start();
