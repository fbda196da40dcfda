/* <who-card>: the card of a person or a vehicle, one question at a time, answered by single keys. Its fields are ordinary radio
   buttons of the form around it; the answers that are not asked just now are hidden, and so are their keys. */
import { all, json, made, maybe } from "./dom.js";
import { settings } from "./words.js";

/** What is asked, how it is answered and in which words: soc/console/card.py.
 * @typedef {{asked: Record<string, string[]>, labels: Record<string, string>, answers: Record<string, [string, string][]>,
 *   colours: [string, string, string][], coloured: string[], written: Record<string, number>, most: number,
 *   words: Record<string, string>}} Table
 */
/** @typedef {{subject: number, kind: string, facts: Record<string, any>, words: string, camera: string}} Card */
/** @typedef {{cards: Card[], places: string[], cameras: [string, string][]}} Data */

/** @type {Table} */
const table = settings.card;
const DIGITS = "1234567890";

export class WhoCard extends HTMLElement {
  /** @type {Data} */
  data = { cards: [], places: [], cameras: [] };
  /** @type {Card} */
  card = { subject: 1, kind: "person", facts: {}, words: "", camera: "" };
  asked = "";

  connectedCallback() {
    if (this.childElementCount) return;
    this.data = { ...this.data, ...json(maybe(this.parentElement ?? document, "script[type='application/json']", HTMLScriptElement)) };
    this.addEventListener("change", (event) => this.#answered(/** @type {HTMLInputElement} */ (event.target)));
    this.addEventListener("click", (event) => this.#pressed(event));
    this.closest("form")?.addEventListener("reset", () => setTimeout(() => this.#begin(this.data.cards[0])));
    this.#begin(this.data.cards[0]);
  }

  /** Ask about a card that there is, or about a new one of that kind.
   * @param {Card | undefined} card
   * @param {string} [kind]
   */
  #begin(card, kind = "person") {
    const free = Array.from({ length: table.most }, (_none, n) => n + 1).find((n) => !this.data.cards.some((one) => one.subject === n));
    this.card = card ?? { subject: free ?? table.most, kind, facts: {}, words: "", camera: "" };
    const names = [...table.asked[this.card.kind], ...(this.data.cameras.length ? ["seen"] : [])];
    this.replaceChildren(
      made("input", { type: "hidden", name: "subject", value: String(this.card.subject) }),
      made("input", { type: "hidden", name: "kind", value: this.card.kind }),
      this.#subjects(),
      ...names.map((name) => this.#question(name)),
    );
    this.#ask(names[0]);
  }

  /** Whose card this is, and whose it could be. */
  #subjects() {
    const others = this.data.cards.filter((one) => one.subject !== this.card.subject);
    const known = this.data.cards.some((one) => one.subject === this.card.subject);
    const chips = others.map((one, n) => this.#button(one.words, n ? "" : "C", { "data-card": String(one.subject) }));
    if (this.data.cards.length < table.most) {
      if (known || this.card.kind !== "person") chips.push(this.#button(table.words.person, "A", { "data-new": "person" }));
      if (known || this.card.kind !== "vehicle") chips.push(this.#button(table.words.vehicle, "V", { "data-new": "vehicle" }));
    }
    return made("div", { class: "ticks" }, ...chips);
  }

  /** @param {string} words @param {string} key @param {Record<string, string>} attributes */
  #button(words, key, attributes) {
    const button = made("button", { type: "button", class: "tick", ...(key ? { "data-key": key } : {}), ...attributes });
    if (key) button.append(made("kbd", {}, key));
    button.append(words);
    return button;
  }

  /** One question: closed it says what was answered, open it shows the answers.
   * @param {string} name
   */
  #question(name) {
    const head = made("button", { type: "button", class: "ask", "data-ask": name, "aria-expanded": "false" });
    head.append(made("b", {}, table.labels[name]), made("span", { "data-said": "" }));
    const answers = made("div", { class: "ticks", "data-answers": name, hidden: "" });
    if (name === "count") for (let n = 1; n <= 10; n += 1) answers.append(this.#radio(name, String(n), n === 10 ? `10 ${table.words.or_more}` : String(n), DIGITS[n - 1]));
    else if (name === "seen") this.data.cameras.forEach(([id, words], n) => answers.append(this.#radio("camera", id, words, DIGITS[n] ?? "")));
    else this.#answers(answers, name);
    const next = this.#button(table.words.next, "Enter", { "data-next": "" }), clear = this.#button(table.words.clear, "⌫", { "data-clear": "" });
    clear.dataset.key = "Backspace";
    answers.append(clear, next);
    const question = made("fieldset", { class: "question" }, made("legend", { class: "sr" }, table.labels[name]), head, answers);
    queueMicrotask(() => this.#said(name));
    return question;
  }

  /** @param {HTMLElement} answers @param {string} name */
  #answers(answers, name) {
    const coloured = table.coloured.includes(name), codes = table.answers[name] ?? [];
    codes.forEach(([code, words], n) => answers.append(this.#radio(coloured ? `${name}.what` : name, code, words, DIGITS[n] ?? "")));
    if (name === "direction") this.data.places.slice(0, DIGITS.length - codes.length).forEach((place, n) => answers.append(this.#radio(name, place, place, DIGITS[codes.length + n])));
    if (coloured) for (const [code, key, words] of table.colours) answers.append(this.#radio(`${name}.colour`, code, words, key));
    if (!(name in table.written)) return;
    const id = `card-${name}`, said = this.card.facts[name], coded = all(answers, "input", HTMLInputElement).some((one) => one.value === said);
    const field = made("input", { class: "input", type: "text", id, name: codes.length ? `${name}.words` : name, maxlength: String(table.written[name]), autocomplete: "off", "aria-label": table.labels[name] });
    field.defaultValue = said && !coded ? said : "";
    answers.append(this.#button(table.words.write, "T", { "data-focus": id }), field);
  }

  /** @param {string} name @param {string} value @param {string} words @param {string} key */
  #radio(name, value, words, key) {
    const [fact, part] = name.split("."), said = name === "camera" ? "" : part ? this.card.facts[fact]?.[part] : this.card.facts[fact];
    const radio = made("input", { class: "sr", type: "radio", name, value, ...(key ? { "data-key": key } : {}) });
    radio.defaultChecked = String(said ?? "") === value;
    const label = made("label", { class: "tick" }, radio);
    if (key) label.append(made("kbd", {}, key));
    label.append(words);
    return label;
  }

  /** Open one question and close the others.
   * @param {string} name
   */
  #ask(name) {
    this.asked = name;
    for (const answers of all(this, "[data-answers]")) answers.hidden = answers.dataset.answers !== name;
    for (const head of all(this, "[data-ask]")) head.setAttribute("aria-expanded", String(head.dataset.ask === name));
  }

  #next() {
    const names = all(this, "[data-ask]").map((head) => head.dataset.ask ?? ""), at = names.indexOf(this.asked);
    if (at + 1 < names.length) this.#ask(names[at + 1]); else { this.#ask(""); this.closest("form")?.requestSubmit(); }
  }

  /** What was chosen is said in the question's line; where nothing more can be said the next one is asked.
   * @param {HTMLInputElement} field
   */
  #answered(field) {
    const [name, part] = field.name.split("."), asked = name === "camera" ? "seen" : name;
    this.#said(asked);
    if (field.type !== "radio") return;
    const both = part && maybe(this, `[name="${name}.what"]:checked`) && maybe(this, `[name="${name}.colour"]:checked`);
    if (asked === this.asked && (!part || both) && asked !== "seen") this.#next();
  }

  /** @param {string} name */
  #said(name) {
    const answers = maybe(this, `[data-answers="${name}"]`), line = maybe(this, `[data-ask="${name}"] [data-said]`);
    if (!answers || !line) return;
    const said = all(answers, "input:checked", HTMLInputElement).map((one) => one.parentElement?.lastChild?.textContent ?? "").reverse();
    const written = maybe(answers, "input.input", HTMLInputElement)?.value ?? "";
    line.textContent = written || said.join(" ");
  }

  /** @param {Event} event */
  #pressed(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    const { ask, card, new: kind } = button.dataset;
    if (ask) this.#ask(ask === this.asked ? "" : ask);
    else if (card) this.#begin(this.data.cards.find((one) => String(one.subject) === card));
    else if (kind) this.#begin(undefined, kind);
    else if ("next" in button.dataset) this.#next();
    else if ("clear" in button.dataset) {
      const answers = button.closest("[data-answers]");
      if (!answers) return;
      for (const field of all(answers, "input", HTMLInputElement)) if (field.type === "radio") field.checked = false; else field.value = "";
      this.#said(this.asked);
    }
  }
}

customElements.define("who-card", WhoCard);
