/* Whether somebody is at this page: told with every answer to a beat. When they are asked, the first key is the answer, and
   does nothing else: whoever is woken by the question must not decide an incident with it. */
import { maybe } from "./dom.js";

const FRESH_MS = 2500;  // a page is asked every two seconds
const AGAIN_MS = 5000;

const asked = () => maybe(document, "[data-asked]");

/** @typedef {{visible: boolean, active: boolean, open: string}} Said */

export class Presence {
  touchedAt = -Infinity;
  soundedAt = -Infinity;

  /** `tell` says it to the centre at once; `sound` is heard while they are asked.
   * @param {{tell: () => void, sound: () => void}} hands
   */
  constructor(hands) {
    this.hands = hands;
    addEventListener("keydown", (event) => {
      const presses = event.key.length === 1 || event.key === "Enter";
      const answers = asked() && presses && !event.ctrlKey && !event.metaKey && !event.altKey;
      this.#touched();
      if (!answers) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
    addEventListener("pointerdown", () => this.#touched(), true);
    document.addEventListener("visibilitychange", () => hands.tell());
    setInterval(() => this.#sound(), 500);
  }

  #touched() {
    const before = this.touchedAt;
    this.touchedAt = performance.now();
    if (!asked() || this.touchedAt - before < 200) return;
    asked()?.remove();
    this.hands.tell();
  }

  #sound() {
    if (!asked() || performance.now() - this.soundedAt < AGAIN_MS) return;
    this.soundedAt = performance.now();
    this.hands.sound();
  }

  /** What this page says of itself.
   * @param {string} open the incident on the desk, or ""
   * @returns {Said}
   */
  said(open) {
    const active = performance.now() - this.touchedAt < FRESH_MS;
    return { visible: document.visibilityState === "visible", active, open };
  }
}
