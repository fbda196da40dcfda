/* The command palette: every command by name, with its key, so that the key is learnt. What is not possible now says why. */
import { all, as, byId, maybe } from "./dom.js";
import { find } from "./keys.js";
import { mine } from "./keymap.js";
import { announce, say, settings } from "./words.js";

/** `why` is empty where it can be run.
 * @typedef {{key: string, words: string, why: string, run: () => void}} Entry
 */
const MOST = 12;

export class Palette {
  place = byId("palette");
  field = byId("command", HTMLInputElement);
  list = byId("commands");
  /** @type {Entry[]} */
  entries = [];
  /** @type {Entry[]} */
  shown = [];
  at = 0;
  /** @type {Element | null} */
  before = null;

  /** `press` does what a key would do to a control.
   * @param {(control: HTMLElement) => void} press
   */
  constructor(press) {
    this.press = press;
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (this.place.hidden) this.open(); else this.close();
    });
    this.field.addEventListener("input", () => this.#filter());
    this.field.addEventListener("keydown", (event) => this.#typed(event));
    this.list.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[data-n]") : null;
      if (row instanceof HTMLElement) this.#run(this.shown[Number(row.dataset.n)]);
    });
  }

  get isOpen() { return !this.place.hidden; }

  open() {
    this.before = document.activeElement;
    this.entries = [...this.#commands(), ...this.#cameras(), ...this.#links()];
    this.place.hidden = false;
    this.field.value = "";
    this.#filter();
    this.field.focus();
  }

  close() {
    if (this.place.hidden) return;
    this.place.hidden = true;
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus({ preventScroll: true }); else this.field.blur();
  }

  /** @returns {Entry[]} */
  #commands() {
    const commands = /** @type {{key: string, words: string, when: string}[]} */ (settings.keys?.commands ?? []);
    return commands.map(({ key, words, when }) => {
      const control = find(key), off = control?.getAttribute("aria-disabled") === "true";
      const why = !control ? when : off ? control.dataset.why ?? when : "";
      return { key: mine(key), words, why, run: () => { const now = find(key); if (now) this.press(now); } };
    });
  }

  /** @returns {Entry[]} */
  #cameras() {
    return all(byId("desk"), '[data-do="camera"][data-key]').map((control) => (
      { key: control.dataset.key ?? "", words: say("see_camera", { name: control.dataset.name ?? control.textContent?.trim() }), why: "", run: () => control.click() }));
  }

  /** @returns {Entry[]} */
  #links() {
    return all(document, "#shift a[href], .pages-nav a[href], .keys a[href]", HTMLAnchorElement).map((link) => (
      { key: "", words: say("go_to", { page: link.textContent?.trim() }), why: "", run: () => link.click() }));
  }

  #filter() {
    const asked = this.field.value.trim().toLowerCase();
    const ranked = this.entries.map((entry) => ({ entry, score: fits(asked, entry) })).filter(({ score }) => score > 0);
    ranked.sort((a, b) => Number(Boolean(a.entry.why)) - Number(Boolean(b.entry.why)) || b.score - a.score);
    this.shown = ranked.slice(0, asked ? MOST : undefined).map(({ entry }) => entry);
    this.at = 0;
    this.#draw();
  }

  #draw() {
    this.list.replaceChildren(...this.shown.map((entry, n) => row(entry, n, n === this.at)));
    this.field.setAttribute("aria-activedescendant", this.shown.length ? `command-${this.at}` : "");
    maybe(this.list, "[aria-selected='true']")?.scrollIntoView({ block: "nearest" });
    if (!this.shown.length) this.list.append(Object.assign(document.createElement("li"), { className: "faint", textContent: say("no_command") }));
  }

  /** @param {KeyboardEvent} event */
  #typed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); this.at = (this.at + step + this.shown.length) % Math.max(1, this.shown.length); this.#draw(); return; }
    if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); this.#run(this.shown[this.at]); }
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); this.close(); }
  }

  /** @param {Entry | undefined} entry */
  #run(entry) {
    if (!entry) return;
    if (entry.why) { announce(entry.why, true); return; }  // its line says why
    this.close();
    as(document.activeElement)?.blur();
    entry.run();
    if (entry.key) announce(say("next_time", { key: entry.key }));
  }
}

/** @param {Entry} entry @param {number} n @param {boolean} selected */
function row(entry, n, selected) {
  const line = document.createElement("li");
  line.id = `command-${n}`;
  line.dataset.n = String(n);
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", String(selected));
  line.setAttribute("aria-disabled", String(Boolean(entry.why)));
  const words = document.createElement("span"), why = document.createElement("small"), key = document.createElement("kbd");
  words.textContent = entry.words;
  why.textContent = entry.why;
  key.textContent = entry.key;
  line.append(words, ...(entry.why ? [why] : []), ...(entry.key ? [key] : []));
  return line;
}

/** How well what was typed fits: the letters in their order, better at the beginnings of words; the key itself fits best. 0: not.
 * @param {string} asked
 * @param {Entry} entry
 */
function fits(asked, entry) {
  if (!asked) return 1;
  if (asked === entry.key.toLowerCase()) return 1000;
  const words = entry.words.toLowerCase();
  if (words.includes(asked)) return 500 - words.indexOf(asked);
  let score = 1, at = -1;
  for (const letter of asked) {
    const next = words.indexOf(letter, at + 1);
    if (next < 0) return 0;
    score += next === 0 || words[next - 1] === " " ? 8 : next === at + 1 ? 3 : 1;
    at = next;
  }
  return score;
}
