/* Holding a control for as long as it asks (data-hold, ms) presses it; letting go before stops it. */
import { say } from "./words.js";

export class Hold {
  /** @type {HTMLElement | null} */
  control = null;
  /** @type {HTMLElement | null} */
  word = null;
  usual = "";
  frame = 0;

  /** Begin on `control`; `done()` once held long enough.
   * @param {HTMLElement} control
   * @param {() => void} done
   */
  start(control, done) {
    this.stop();
    this.control = control;
    this.word = control.querySelector("span");
    this.usual = this.word?.textContent ?? "";
    const wanted = Number(control.dataset.hold), began = performance.now();
    control.dataset.held = "";
    const step = () => {
      const passed = performance.now() - began;
      control.style.setProperty("--held", `${Math.min(100, (passed / wanted) * 100)}%`);
      if (this.word) this.word.textContent = say("hold_on", { left: Math.max(0, (wanted - passed) / 1000).toFixed(1) });
      if (passed >= wanted) { this.stop(); done(); return; }
      this.frame = requestAnimationFrame(step);
    };
    step();
  }

  stop() {
    cancelAnimationFrame(this.frame);
    if (!this.control) return;
    this.control.style.removeProperty("--held");
    delete this.control.dataset.held;
    if (this.word) this.word.textContent = this.usual;
    this.control = null;
  }
}
