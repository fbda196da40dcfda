/* The shift: its page on the desk (sound, microphone, what is open item by item), its control in the top bar, its banners. */
import { goesTo, post } from "./acts.js";
import { all, as, byId, maybe, the } from "./dom.js";
import { hear } from "./microphone.js";
import { fillTimes } from "./time.js";
import { announce, say, settings } from "./words.js";

const SLOW_MS = 2000;  // then it is said what is being waited for
const LOOK_MS = 60_000;  // a colleague who vanishes leaves no event: whether one is alone is looked at again
/** Where the parts of the answer stand. */
const PLACES = { shift: "shift", now: "now-at-desk" };

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./sound.js").Sound} Sound */

export class Shift {
  /** `changed` hears that a shift began or ended.
   * @param {Desk} desk @param {Sound} sound @param {() => void} changed
   */
  constructor(desk, sound, changed) {
    this.desk = desk;
    this.sound = sound;
    this.changed = changed;
    desk.root.addEventListener("change", () => this.#count());
    setInterval(() => { if (document.body.dataset.shift === "on") this.look(); }, LOOK_MS);
    fillTimes(byId(PLACES.now));
    this.#count();
  }

  get page() { return maybe(this.desk.root, "[data-shift-page]"); }

  /** Lay one of the shift's pages on the desk.
   * @param {string} url
   */
  async open(url) {
    const said = maybe(byId(PLACES.shift), ".said"), here = this.desk.id;
    const late = setTimeout(() => { if (said) said.textContent = say("opening"); }, SLOW_MS);
    const answer = await this.#get(url);
    clearTimeout(late);
    if (said?.textContent === say("opening")) said.textContent = "";
    if (answer === null || this.desk.id !== here) return;  // an incident opened meanwhile, and stays under the hand
    this.#lay(answer);
    maybe(this.desk.root, "h1")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} html */
  #lay(html) {
    this.desk.id = "";
    this.desk.parts.clear();
    this.desk.root.innerHTML = html;
    fillTimes(this.desk.root);
    this.#count();
    this.desk.dispatchEvent(new Event("laid"));
  }

  /** How the shift stands now. */
  async look() {
    const answer = await this.#get(settings.shift);
    if (answer !== null) this.#parts(answer);
  }

  /** @param {string} html */
  #parts(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    for (const part of all(holder.content, "[data-shift-part]")) {
      const place = byId(part.dataset.shiftPart === "shift" ? PLACES.shift : PLACES.now);
      if (place.dataset.html === part.innerHTML) continue;
      place.dataset.html = part.innerHTML;
      place.replaceChildren(...part.childNodes);
      fillTimes(place);
    }
    const on = the(byId(PLACES.shift), "[data-on]").dataset.on;
    if (document.body.dataset.shift === on) return;
    document.body.dataset.shift = on;
    this.changed();
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} button */
  async send(form, button) {
    this.sound.unlock();
    const why = button?.getAttribute("aria-disabled") === "true" ? button.dataset.why ?? "" : this.#missing(form);
    const place = the(form, ".said");
    if (why) { place.textContent = why; return; }
    const body = new FormData(form), pressed = as(button, HTMLButtonElement);
    if (pressed?.name) body.set(pressed.name, pressed.value);
    const answer = await post(goesTo(form, pressed), body);
    if (answer?.status !== 200 && answer?.status !== 409) { place.textContent = say(answer ? "failed" : "not_sent"); return; }
    const html = await answer.text();
    if (answer.status === 200) this.desk.dispatchEvent(new CustomEvent("accepted", { detail: { id: "", form, body } }));
    this.#take(form, answer.status, html);
  }

  /** A page answers with itself where it is refused; else with how the shift stands.
   * @param {HTMLFormElement} form @param {number} status @param {string} html
   */
  #take(form, status, html) {
    if (html.includes("data-shift-page") && this.desk.id) {  // an incident opened over the page meanwhile, and stays under the hand
      const holder = document.createElement("template");
      holder.innerHTML = html;
      if (status === 409) announce(maybe(holder.content, ".said:not(:empty)")?.textContent ?? say("failed"), true);
      return;
    }
    if (html.includes("data-shift-page")) { this.#lay(html); announce(maybe(this.desk.root, ".said:not(:empty)")?.textContent ?? "", true); return; }
    this.#parts(html);
    const words = maybe(byId(PLACES.shift), ".said")?.textContent ?? "";
    if (status === 409) { if (form.isConnected) the(form, ".said").textContent = words; announce(words, true); return; }
    this.page?.remove();
    this.changed();
  }

  /** What is still to be done before the shift starts, in words; "" where nothing is.
   * @param {HTMLFormElement} form
   */
  #missing(form) {
    for (const test of all(form, "[data-test]")) if (!maybe(test, "input:checked")) return say(`not_tested_${test.dataset.test}`);
    return maybe(form, ".take input:not(:checked)") ? say("not_taken_on") : "";
  }

  /** The next item carries the key. */
  #count() {
    const items = this.page ? all(this.page, ".take input", HTMLInputElement) : [], left = items.filter((item) => !item.checked);
    for (const item of items) {
      const next = item === left[0];
      item.classList.toggle("is-next", next);
      if (next) item.dataset.key = "A"; else delete item.dataset.key;
      const cap = maybe(item.parentElement, "kbd");
      if (cap) cap.hidden = !next;
    }
    left[0]?.scrollIntoView({ block: "nearest" });
    const said = maybe(this.page, ".begin-go .said"), count = maybe(this.page, "[data-left]");
    if (said) said.textContent = said.dataset.refused ? said.textContent : "";
    if (count) count.textContent = items.length ? say("taken_on", { n: items.length - left.length, all: items.length }) : "";
  }

  /** Three rising tones, as an urgent incident has them. */
  tones() {
    this.sound.unlock();
    // The first press lets the browser sound at all, which takes a moment.
    setTimeout(() => this.sound.burst(1), this.sound.state === "on" ? 0 : 300);
  }

  /** @param {HTMLElement} button */
  async microphone(button) {
    const place = button.closest("fieldset");
    if (!place || button.getAttribute("aria-busy") === "true") return;
    const words = the(place, "[data-hears]"), meter = the(place, ".heard");
    button.setAttribute("aria-busy", "true");
    words.textContent = say("speak");
    try {
      const heard = await hear((level) => meter.style.setProperty("--heard", `${Math.round(level * 100)}%`));
      words.textContent = say(heard === "ok" ? "hears_you" : "hears_nothing");
      the(place, `[value="${heard}"]`, HTMLInputElement).checked = true;
    } catch (error) {
      words.textContent = say("no_microphone");  // there is none, or this page may not use it: said, and chosen by hand
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** The page's HTML; null without contact, or where it leads elsewhere.
   * @param {string} url
   */
  async #get(url) {
    try {
      const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
      return answer.ok ? await answer.text() : null;
    } catch {
      return null;  // no contact: the feed says so in the top bar
    }
  }
}
