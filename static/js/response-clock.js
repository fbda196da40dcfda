/* <response-clock data-captured data-soon data-late data-decide-by | data-claim-by | data-closed>: the time since detection,
   ticking. data-soon and data-late are the targets of its class in seconds: ten seconds before the first it says what is left,
   past it is a warning, past the second danger. */
import { above, maybe } from "./dom.js";
import { now, span } from "./time.js";
import { say } from "./words.js";

const NEAR_S = 10;

customElements.define("response-clock", class extends HTMLElement {
  timer = 0;
  /** @type {HTMLElement | null} */
  word = null;

  connectedCallback() {
    this.word = maybe(above(this, "[data-part]"), "[data-clock-word]");
    this.show();
    this.timer = setInterval(() => this.show(), 250);
  }

  disconnectedCallback() { clearInterval(this.timer); }

  show() {
    const { captured, closed, soon, late } = this.dataset;
    const age = (closed ? Date.parse(closed) : now()) - Date.parse(captured ?? "");
    this.textContent = span(age);
    const over = soon && late ? (age > Number(late) * 1000 ? "danger" : age > Number(soon) * 1000 ? "warn" : "") : "";
    if (over) this.dataset.over = over; else delete this.dataset.over;
    if (!soon || !this.word) return;
    const [words, left] = this.#words(age, over);
    if (this.word.textContent !== words) this.word.textContent = words;
    this.word.classList.toggle("left", over !== "" || left <= NEAR_S);
  }

  /** What is to be said beside the time, and how many seconds are left of what comes next.
   * @param {number} age ms
   * @param {string} over
   * @returns {[string, number]}
   */
  #words(age, over) {
    const { decideBy, claimBy, soon, late } = this.dataset;
    if (decideBy && Date.parse(decideBy) <= now()) return [say("late_decide"), 0];
    if (over) return [say(over === "danger" ? "past_late" : "past_soon", { time: span(Number(over === "danger" ? late : soon) * 1000) }), 0];
    const toDecide = Math.ceil(Number(soon) - age / 1000), toClaim = claimBy ? Math.ceil((Date.parse(claimBy) - now()) / 1000) : 0;
    if (toClaim > 0 && toClaim < toDecide) return [say("left_claim", { n: toClaim }), toClaim];
    return [say("left_decide", { n: toDecide }), toDecide];
  }
});
