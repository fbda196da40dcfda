/* Keeps the contingency pack of this workstation: a new one each hour and with each shift, and the page that opens it. In the top
   bar it says something only where there is none, or an old one; <pack-check>, among the checks of a shift, says how it stands. */
import { maybe, the } from "./dom.js";
import { keep, keptPack } from "./pack-kept.js";
import { fillTimes } from "./time.js";
import { say } from "./words.js";

const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS, OLD_MS = 2 * HOUR_MS, AGAIN_MS = MINUTE_MS;

class PackKeeper {
  made = 0;
  refused = false;
  looked = false;
  // Neither https nor this machine itself: nothing can be kept.
  able = Boolean(globalThis.caches && navigator.serviceWorker);

  /** @param {HTMLElement} place where it is said that something is wrong */
  constructor(place) { this.place = place; }

  async start() {
    if (!this.able) { this.show(); return; }
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
    this.looked = true;
    this.show();
  }

  show() {
    const words = this.words, line = this.place.firstElementChild;
    if (line && line.textContent !== words) line.textContent = words;
    this.place.hidden = !words;
    maybe(document, "pack-check", PackCheck)?.show(this);
  }

  get age() { return Date.now() - this.made; }

  /** What is to be said of it; "" while all is well. */
  get words() {
    // That no phrase is set is told to those who can set one.
    if (!this.made) return this.refused && this.place.querySelector("a") ? say("pack_none") : "";
    return this.old;
  }

  /** How old it is where that is too old; "" where it is not. */
  get old() { return this.age > OLD_MS ? say("pack_old", { age: Math.floor(this.age / HOUR_MS) }) : ""; }
}

class PackCheck extends HTMLElement {
  connectedCallback() { if (keeper) this.show(keeper); }

  /** @param {PackKeeper} keeper */
  show(keeper) {
    const time = the(this, "time", HTMLTimeElement), line = the(this, "span"), { made, age, old } = keeper;
    if (keeper.able && !keeper.looked) return;
    if (made) {
      time.dataset.iso = new Date(made).toISOString();
      time.dataset.short = "";
      fillTimes(this);
    }
    line.textContent = !keeper.able ? say("pack_cannot") : !made ? say(keeper.refused ? "pack_none" : "pack_missing")
      : old || say("pack_fresh", { age: Math.max(0, Math.floor(age / MINUTE_MS)) });
    line.classList.toggle("is-caution", !made || Boolean(old));
  }
}

const place = document.getElementById("pack"), keeper = place ? new PackKeeper(place) : null;
customElements.define("pack-check", PackCheck);
keeper?.start();
