/* <polygon-editor data-mode="polygon|polygons|line" data-kind data-picture data-label>: draws the shape of its text field into the
   camera's picture. Corners are dragged, or moved by keys, or typed as percent; the field keeps the JSON that the form sends.
   Children: the field in <details>, a JSON script with the page's words, another with what else is drawn ({masks, ignored, zones}).
   Keys on a corner: Tab next corner, arrows 0.5, with Shift 5, A adds after it, Delete removes it, M begins a mask. */
import { above, all, as, json, made, maybe, the } from "./dom.js";
import { MOST_POINTS, halfway, nearestEdge, read, rounded, wrong, written } from "./outline.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.5, LEAP = 5;
/** @typedef {import("./outline.js").Point} Point */

/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const START = [[35, 35], [65, 35], [65, 65], [35, 65]];
let patterns = 0;

const held = (/** @type {number} */ value) => Math.min(Math.max(value, 0), 100);

export class PolygonEditor extends HTMLElement {
  shape = 0;  // which of the shapes is being drawn
  corner = 0;
  unread = false;
  hatch = `pe-hatch-${patterns += 1}`;
  /** @type {Point[][]} */
  shapes = [];
  /** @type {Record<string, string>} */
  words = {};
  /** @type {Record<"masks" | "zones" | "ignored", Point[][] | undefined>} what else is in the picture, in fractions */
  beside = { masks: [], zones: [], ignored: [] };
  stage = made("div", { class: "pe-stage" });
  drawing = document.createElementNS(SVG, "svg");
  handles = made("div", { class: "pe-handles", role: "group" });
  status = made("p", { class: "pe-status", role: "status" });
  numbers = made("table", { class: "pe-numbers" });
  tools = made("p", { class: "pe-tools" });
  keys = made("p", { class: "pe-keys" });

  constructor() {
    super();
    this.stage.addEventListener("pointerdown", (event) => this.#press(event));
    this.stage.addEventListener("dblclick", (event) => this.#split(event));
    this.handles.addEventListener("keydown", (event) => this.#key(event));
    this.handles.addEventListener("focusin", (event) => this.#choose(event.target));
    this.numbers.addEventListener("input", ({ target }) => { if (target instanceof HTMLInputElement) this.#typed(target); });
    this.numbers.addEventListener("focusin", (event) => this.#choose(event.target));
    this.tools.addEventListener("click", (event) => this.#tool(above(event.target, "button")?.dataset.tool));
  }

  get mode() { return /** @type {import("./outline.js").Mode} */ (this.dataset.mode); }
  get field() { return the(this, "textarea", HTMLTextAreaElement); }
  get fold() { return the(this, "details", HTMLDetailsElement); }

  connectedCallback() {
    const [words, beside] = [...this.querySelectorAll("script")].map(json);
    Object.assign(this, { words, beside });
    this.querySelector(".pe")?.remove();  // a row of the form that was copied brings its original's
    this.fold.open = false;
    this.#build(words.keys[this.mode]);
    this.#take();
    this.field.addEventListener("input", () => this.#take());
    this.field.form?.addEventListener("submit", (event) => this.#stop(event));
  }

  /** From the field: what it says in words that are no shape stays in it, shown, until it is one. */
  #take() {
    const shapes = read(this.field.value, this.mode);
    this.unread = shapes === null;
    this.shapes = shapes ?? [];
    this.shape = Math.min(this.shape, Math.max(this.shapes.length - 1, 0));
    this.corner = Math.min(this.corner, Math.max((this.points.length || 1) - 1, 0));
    if (this.unread) this.fold.open = true;
    this.#draw();
  }

  get points() { return this.shapes[this.shape] ?? []; }

  /** @param {[string[], string][]} keys the caps of each key and what it does */
  #build(keys) {
    this.stage.replaceChildren();
    if (this.dataset.picture) {
      const picture = made("img", { src: this.dataset.picture, alt: "", draggable: "false" });
      picture.addEventListener("load", () => { this.stage.style.aspectRatio = `${picture.naturalWidth} / ${picture.naturalHeight}`; });
      picture.addEventListener("error", () => { picture.remove(); this.#caption(this.words.no_picture); });
      this.stage.append(picture);
    } else this.#caption(this.words.no_picture);
    for (const [name, value] of Object.entries({ viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" })) this.drawing.setAttribute(name, value);
    this.handles.setAttribute("aria-label", this.dataset.label ?? "");
    this.stage.append(this.drawing, this.handles);
    this.keys.replaceChildren(...keys.map(([caps, words]) => made("span", {}, ...caps.map((cap) => made("kbd", {}, cap)), words)));
    const work = made("div", { class: "pe-work" }, this.stage, made("div", { class: "pe-side" }, this.numbers));
    this.prepend(made("div", { class: "pe" }, work, this.status, this.tools, this.keys));
  }

  /** @param {string} words */
  #caption(words) { this.stage.append(made("span", { class: "pe-caption" }, words)); }

  // --- what a hand does

  /** @param {MouseEvent} event */
  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return [100 * (event.clientX - box.left) / box.width, 100 * (event.clientY - box.top) / box.height];
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const handle = above(event.target, "button[data-corner]");
    if (event.button || !event.isPrimary) return;
    if (!handle) {
      const full = this.mode === "line" ? 2 : 3;
      if (this.points.length >= full) return;
      event.preventDefault();
      if (!this.shapes.length) this.shapes.push([]);
      this.points.push(this.#at(event).map(held));
      this.#changed(this.points.length - 1);
      return;
    }
    event.preventDefault();
    this.#choose(handle);
    handle.focus();
    const n = this.corner;
    const grip = this.#at(event).map((value, axis) => value - this.points[n][axis]);
    const move = (/** @type {PointerEvent} */ moved) => { this.points[n] = this.#at(moved).map((value, axis) => held(value - grip[axis])); this.#changed(); };
    const stop = new AbortController();
    addEventListener("pointermove", move, { signal: stop.signal });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => stop.abort(), { signal: stop.signal });
  }

  /** @param {MouseEvent} event */
  #split(event) {
    if (this.mode === "line" || this.points.length < 3 || above(event.target, "button")) return;
    const point = this.#at(event).map(held);
    this.#add(nearestEdge(this.points, point), point);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const point = this.points[this.corner];
    const arrow = ARROWS[event.key];
    if (arrow && point) {
      const by = event.shiftKey ? LEAP : STEP;
      this.points[this.corner] = point.map((value, axis) => held(value + arrow[axis] * by));
      this.#changed(this.corner);
    } else if (event.key.toLowerCase() === "a") this.#add(this.corner);
    else if (event.key === "Delete" || event.key === "Backspace") this.#remove();
    else if (event.key.toLowerCase() === "m") this.#mask();
    else return;
    event.preventDefault();
  }

  /** @param {HTMLInputElement} input */
  #typed(input) {
    if (!("axis" in input.dataset)) return;
    this.points[Number(input.dataset.corner)][Number(input.dataset.axis)] = input.value.trim() === "" ? NaN : Number(input.value.replace(",", "."));
    this.#changed(null, true);
  }

  /** @param {string} [tool] */
  #tool(tool) {
    if (tool === "begin") this.begin();
    else if (tool === "add") this.#add(this.corner);
    else if (tool === "remove") this.#remove();
    else if (tool === "drop") { this.shapes.splice(this.shape, 1); this.shape = 0; this.corner = 0; this.#changed(); }
    else if (tool?.startsWith("shape-")) { this.shape = Number(tool.slice(6)); this.corner = 0; this.#draw(); this.#focus(0); }
  }

  /** A new shape in the middle, chosen. */
  begin() {
    this.shapes.push((this.mode === "line" ? [START[3], START[2]] : START).map((point) => [...point]));
    this.shape = this.shapes.length - 1;
    this.#changed(0);
  }

  #mask() {
    if (this.dataset.kind === "mask") { this.begin(); return; }
    const masks = maybe(document, 'polygon-editor[data-kind="mask"]', PolygonEditor);
    if (!masks) { this.#say(this.words.no_mask); return; }
    for (let up = masks.closest("details"); up; up = up.parentElement?.closest("details") ?? null) up.open = true;
    masks.begin();
  }

  /** @param {EventTarget | null} from a handle or a field */
  #choose(from) {
    const corner = as(from)?.dataset.corner;
    if (corner === undefined || Number(corner) === this.corner) return;
    this.corner = Number(corner);
    this.#mark();
  }

  /** @param {number} after @param {Point} [point] */
  #add(after, point) {
    if (this.mode === "line" || this.points.length < 2 || this.points.length >= MOST_POINTS) return;
    this.points.splice(after + 1, 0, point ?? halfway(this.points, after));
    this.#changed(after + 1);
  }

  #remove() {
    if (this.mode === "line") { this.shapes = []; this.#changed(); return; }
    if (this.points.length <= 3) { this.#say(this.words.least); return; }
    this.points.splice(this.corner, 1);
    this.#changed(Math.min(this.corner, this.points.length - 1));
  }

  /** Into the field and on the screen; `focus` is the corner that has the hand afterwards.
   * @param {number | null} focus
   * @param {boolean} typing the numbers: they are left as they are
   */
  #changed(focus = null, typing = false) {
    if (typeof focus === "number") this.corner = focus;
    if (!typing && this.shapes.length) this.shapes[this.shape] = rounded(this.points);
    this.field.value = written(this.shapes, this.mode);
    this.field.dispatchEvent(new Event("change", { bubbles: true }));
    this.#draw(typing);
    if (typeof focus === "number") this.#focus(focus);
  }

  /** @param {number} n */
  #focus(n) { maybe(this.handles, `[data-corner="${n}"]`)?.focus({ preventScroll: true }); }

  // --- what is seen

  #draw(typing = false) {
    /** @param {"polyline" | "polygon" | "defs" | "pattern" | "path"} tag @param {Record<string, string | number>} attributes */
    const svg = (tag, attributes) => {
      const element = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
      return element;
    };
    /** @param {Point[]} points @param {"own" | "other" | "halo" | "beside" | "masked"} kind */
    const outline = (points, kind) => svg(this.mode === "line" && kind !== "beside" && kind !== "masked" ? "polyline" : "polygon", {
      class: `pe-${kind}`, points: points.filter((point) => point.every(Number.isFinite)).map((point) => point.join(",")).join(" "),
    });
    const defs = svg("defs", {}), pattern = svg("pattern", { id: this.hatch, width: 3, height: 3, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(svg("path", { d: "M0 0V3", class: "pe-stroke" }));
    defs.append(pattern);
    const percent = (/** @type {Point[]} */ shape) => shape.map((point) => point.map((value) => value * 100));
    const beside = [
      ...(this.beside.masks ?? []).map((shape) => outline(percent(shape), "masked")),
      ...[...(this.beside.zones ?? []), ...(this.beside.ignored ?? [])].map((shape) => outline(percent(shape), "beside")),
    ];
    const own = this.shapes.flatMap((points, n) => [outline(points, "halo"), outline(points, n === this.shape ? "own" : "other")]);
    this.drawing.replaceChildren(defs, ...beside, ...own);
    const hatched = this.dataset.kind === "mask" ? ".pe-own, .pe-other, .pe-masked" : ".pe-masked";
    for (const masked of all(this.drawing, hatched, SVGElement)) masked.style.fill = `url(#${this.hatch})`;
    this.#corners();
    if (!typing) this.#table();
    this.#buttons();
    this.#mark();
    this.#say();
  }

  #corners() {
    const handles = all(this.handles, "button");
    this.points.forEach((point, n) => {
      const handle = handles[n] ?? this.handles.appendChild(made("button", { type: "button", class: "pe-handle", "data-corner": n }, made("span", {}, String(n + 1))));
      const [x, y] = point.map((value) => (Number.isFinite(value) ? value : 0));
      handle.style.left = `${held(x)}%`;
      handle.style.top = `${held(y)}%`;
      handle.setAttribute("aria-label", this.#filled(this.words.corner, { n: n + 1, x: x.toFixed(1), y: y.toFixed(1) }));
    });
    for (const gone of handles.slice(this.points.length)) gone.remove();
  }

  #table() {
    const head = made("tr", {}, made("td"), ...["across", "down"].map((axis) => made("th", { scope: "col" }, this.words[axis])));
    const rows = this.points.map((point, n) => made("tr", {}, made("th", { scope: "row" }, String(n + 1)), ...point.map((value, axis) => made("td", {}, made("input", {
      class: "input", inputmode: "decimal", size: 5, autocomplete: "off", value: Number.isFinite(value) ? value.toFixed(1) : "", "data-corner": n, "data-axis": axis,
      "aria-label": this.#filled(this.words[axis ? "down_of" : "across_of"], { n: n + 1 }),
    })))));
    this.numbers.replaceChildren(made("thead", {}, head), made("tbody", {}, ...rows));
    this.numbers.hidden = !rows.length;
  }

  #buttons() {
    const button = (/** @type {string} */ tool, /** @type {string} */ words, on = false) => made("button", { type: "button", class: "btn btn--line", "data-tool": tool, ...(on ? { "aria-pressed": "true" } : {}) }, words);
    const several = this.mode === "polygons";
    const tools = several && this.shapes.length > 1 ? this.shapes.map((_, n) => button(`shape-${n}`, this.#filled(this.words.outline, { n: n + 1 }), n === this.shape)) : [];
    if (several || !this.shapes.length) tools.push(button("begin", this.words[this.mode === "line" ? "begin_line" : "begin"]));
    if (this.shapes.length && this.mode !== "line") tools.push(button("add", this.words.add), button("remove", this.words.remove));
    if (this.shapes.length && this.mode !== "polygon") tools.push(button("drop", this.words[this.mode === "line" ? "drop_line" : "drop"]));
    const hand = as(document.activeElement), had = hand && this.tools.contains(hand) ? hand.dataset.tool : "";
    this.tools.replaceChildren(...tools);
    if (had) maybe(this.tools, `[data-tool="${had}"]`)?.focus();
  }

  #mark() {
    for (const handle of all(this.handles, "button")) handle.classList.toggle("is-on", Number(handle.dataset.corner) === this.corner);
    for (const input of this.numbers.querySelectorAll("input")) input.closest("tr")?.classList.toggle("is-on", Number(input.dataset.corner) === this.corner);
  }

  get problem() {
    if (this.unread) return "unread";
    return this.shapes.map((points) => wrong(points, this.mode)).find(Boolean) ?? "";
  }

  #say(words = "") {
    const problem = this.problem;
    this.classList.toggle("is-wrong", Boolean(problem));
    const fine = this.shapes.length ? this.#filled(this.words[this.mode === "line" ? "fine_line" : "fine"], { n: this.points.length }) : this.words.empty;
    this.status.textContent = words || (problem ? this.words[problem] : fine);
    for (const input of this.numbers.querySelectorAll("input")) {
      const value = this.points[Number(input.dataset.corner)]?.[Number(input.dataset.axis)];
      input.toggleAttribute("aria-invalid", !(value >= 0 && value <= 100));
    }
  }

  /** What is drawn wrongly is not sent: the server would refuse it, and the page would be drawn anew. */
  /** @param {SubmitEvent} event */
  #stop(event) {
    if (!this.problem || !this.isConnected || event.defaultPrevented || this.closest(".empty-form")) return;
    if (!this.shapes.length && !this.unread) return;
    event.preventDefault();
    this.status.textContent = this.words[this.problem];
    this.status.scrollIntoView({ block: "center" });
    (maybe(this.numbers, "[aria-invalid]") ?? maybe(this.handles, "button") ?? this.field).focus();
  }

  /** @param {string} words @param {Record<string, string | number>} values */
  #filled(words, values) { return words.replace(/{(\w+)}/g, (_, name) => String(values[name])); }
}

customElements.define("polygon-editor", PolygonEditor);
