/* <response-clock data-captured data-decide-by | data-claim-by | data-closed>: the time since detection, ticking. */
import { above, maybe } from "./dom.js";
import { now, span } from "./time.js";
import { say } from "./words.js";

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
    const { captured, closed, decideBy, claimBy } = this.dataset;
    this.textContent = span((closed ? Date.parse(closed) : now()) - Date.parse(captured ?? ""));
    const by = decideBy ?? claimBy;
    if (!by || !this.word) return;
    const left = Math.ceil((Date.parse(by) - now()) / 1000);
    this.word.classList.toggle("left", left <= 10);
    if (left > 0) this.word.textContent = say(decideBy ? "left_decide" : "left_claim", { n: left });
    else this.word.textContent = decideBy ? say("late_decide") : "";
  }
});
