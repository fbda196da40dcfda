/* <plan-editor>: the drawing board of a site's plan. Its text field keeps the shapes, the page's field "places" the cameras' places,
   "width_m" and "height_m" the size of the ground, "picture_place" where the picture at data-picture lies: whatever is drawn is
   written there, and what is typed there is drawn.
   Children: the field in <details>, a JSON script with the page's words, another with the cameras [{id, number, name}].
   A camera has two handles: where it hangs, and how far it looks which way. A shape has one for each corner. */
import { above, all, json, made, maybe, the } from "./dom.js";
import { PlanGround } from "./plan-ground.js";
import { at, cone, hits, placed, tenth, turned } from "./plan-places.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.5, LEAP = 5, TURN = 5, MOST = 60;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {Record<string, ["heading" | "angle" | "reach", number]>} */
const CHANGES = { ",": ["heading", -TURN], ".": ["heading", TURN], "[": ["angle", -TURN], "]": ["angle", TURN], "-": ["reach", -1], "+": ["reach", 1], "=": ["reach", 1] };

/** @typedef {import("./plan-places.js").Place} Place */
/** @typedef {{kind: string, points: number[][], words?: string}} Shape in metres */
/** @typedef {{id: string, number: number, name: string}} Camera */
/** What is being drawn: a camera by its id, a shape by its number and a corner of it, or one of the two points between which
 * is measured.
 * @typedef {{camera: string} | {shape: number, corner: number} | {mark: number} | null} Chosen
 */

export class PlanEditor extends HTMLElement {
  /** @type {Record<string, any>} */
  words = {};
  /** @type {Camera[]} */
  cameras = [];
  /** @type {Shape[]} */
  shapes = [];
  /** @type {Record<string, Place | null>} */
  places = {};
  /** @type {Chosen} */
  chosen = null;
  unread = false;
  ground = new PlanGround("", {});
  board = made("div", { class: "pl-board", role: "group" });
  drawing = document.createElementNS(SVG, "svg");
  over = made("div");
  side = made("div", { class: "pl-side" });
  status = made("p", { class: "pl-status", role: "status" });

  get form() { return the(this, "textarea", HTMLTextAreaElement).form; }
  get field() { return the(this, "textarea", HTMLTextAreaElement); }
  /** @param {string} name of another field of the page */
  other(name) { return /** @type {HTMLInputElement | HTMLTextAreaElement | null} */ (this.form?.elements.namedItem(name) ?? null); }
  get width() { return Number(this.other("width_m")?.value) || 60; }
  get height() { return Number(this.other("height_m")?.value) || 40; }

  connectedCallback() {
    const [words, cameras] = all(this, "script", HTMLScriptElement).map(json);
    Object.assign(this, { words, cameras });
    this.ground = new PlanGround(this.dataset.picture ?? "", words);
    the(this, "details", HTMLDetailsElement).open = false;
    this.board.setAttribute("aria-label", words.board);
    this.board.append(this.drawing, this.over);
    this.drawing.setAttribute("aria-hidden", "true");
    const keys = words.keys.map((/** @type {[string[], string]} */ [caps, what]) => made("span", {}, ...caps.map((cap) => made("kbd", {}, cap)), what));
    this.prepend(made("div", { class: "pl-work" }, made("div", {}, this.board, this.status, made("p", { class: "pl-keys" }, ...keys)), this.side));
    this.board.addEventListener("pointerdown", (event) => this.#press(event));
    this.board.addEventListener("keydown", (event) => this.#key(event));
    this.board.addEventListener("focusin", ({ target }) => {
      const handle = above(target, ".pl-handle");
      if (handle && this.#choose(this.#of(handle))) this.#refocus(handle.dataset.part ?? "");
    });
    this.side.addEventListener("click", ({ target }) => this.#tool(above(target, "button")));
    this.side.addEventListener("input", ({ target }) => { if (target instanceof HTMLInputElement) this.#typed(target); });
    for (const field of [this.field, ...["places", "width_m", "height_m", "picture_place"].map((name) => this.other(name))]) field?.addEventListener("input", () => this.#take());
    this.#take();
  }

  /** From the fields: what cannot be read stays in them as it is. */
  #take() {
    try {
      this.shapes = JSON.parse(this.field.value || "[]");
      this.places = JSON.parse(this.other("places")?.value || "{}");
      this.unread = !Array.isArray(this.shapes) || this.places === null || !this.ground.read(this.other("picture_place")?.value ?? "");
    } catch {
      this.unread = true;
    }
    if (this.unread) { this.shapes = []; this.places = {}; this.ground.place = null; }
    this.#draw();
  }

  /** Into the fields, rounded to 0.1 m. */
  #write() {
    if (this.unread) return;
    for (const shape of this.shapes) shape.points = shape.points.map((point) => point.map(tenth));
    this.field.value = JSON.stringify(this.shapes);
    const places = this.other("places");
    if (places) places.value = JSON.stringify(this.places);
    const picture = this.other("picture_place");
    if (picture) picture.value = this.ground.text;
    this.#draw();
  }

  // --- what a hand does

  /** What a handle is of.
   * @param {HTMLElement | null} handle
   * @returns {Chosen}
   */
  #of(handle) {
    if (!handle) return null;
    const { camera, shape, corner, mark } = handle.dataset;
    return camera ? { camera } : mark ? { mark: Number(mark) } : { shape: Number(shape), corner: Number(corner) };
  }

  /** @param {Chosen} chosen
   * @returns {boolean} whether that is another one than before
   */
  #choose(chosen) {
    if (!chosen || JSON.stringify(chosen) === JSON.stringify(this.chosen)) return false;
    this.chosen = chosen;
    this.#draw();
    return true;
  }

  /** @param {MouseEvent} event */
  #at(event) {
    const box = this.board.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.width, ((event.clientY - box.top) / box.height) * this.height];
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button || !event.isPrimary) return;
    const handle = above(event.target, ".pl-handle"), from = this.#at(event);
    if (!handle) { this.#choose(this.#under(from)); return; }
    event.preventDefault();
    handle.focus();
    const chosen = this.#of(handle), part = handle.dataset.part ?? "";
    const move = (/** @type {PointerEvent} */ moved) => this.#drag(chosen, part, this.#at(moved));
    const end = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); removeEventListener("pointercancel", end); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }

  /** The shape that lies under a point, the smallest first.
   * @param {number[]} point
   * @returns {Chosen}
   */
  #under(point) {
    const found = this.shapes.findLastIndex((shape) => hits(shape.points, point, this.width / 60));
    return found < 0 ? null : { shape: found, corner: 0 };
  }

  /** @param {Chosen} chosen @param {string} part @param {number[]} point in metres */
  #drag(chosen, part, [x, y]) {
    if (!chosen) return;
    if ("mark" in chosen) this.ground.marks[chosen.mark] = [x, y];
    else if ("camera" in chosen) {
      const place = this.places[chosen.camera];
      if (!place) return;
      this.places[chosen.camera] = part === "turn" ? turned(place, x, y) : placed(place, { x: tenth(x), y: tenth(y) });
    } else this.shapes[chosen.shape].points[chosen.corner] = [x, y];
    this.#write();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const handle = above(event.target, ".pl-handle"), chosen = this.#of(handle);
    if (!handle || !chosen || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key], by = event.shiftKey ? LEAP : STEP, change = CHANGES[event.key];
    if ("mark" in chosen) {
      if (!arrow) return;
      const [x, y] = this.ground.marks[chosen.mark];
      this.ground.marks[chosen.mark] = [x + arrow[0] * by, y + arrow[1] * by];
    } else if ("camera" in chosen) {
      const place = this.places[chosen.camera];
      if (!place) return;
      if (arrow) this.places[chosen.camera] = placed(place, { x: place.x + arrow[0] * by, y: place.y + arrow[1] * by });
      else if (change) this.places[chosen.camera] = placed(place, { [change[0]]: place[change[0]] + change[1] });
      else if (event.key === "Delete") this.#off(chosen.camera);
      else return;
    } else {
      const shape = this.shapes[chosen.shape], n = chosen.corner, [x, y] = shape.points[n];
      if (arrow) shape.points[n] = [x + arrow[0] * by, y + arrow[1] * by];
      else if (event.key.toLowerCase() === "a" && shape.points.length < MOST) this.#split(chosen.shape, n);
      else if (event.key === "Delete") this.#drop(chosen.shape, n);
      else return;
    }
    event.preventDefault();
    this.#write();
    this.#refocus(handle.dataset.part ?? "");
  }

  /** @param {number} shape @param {number} n the corner after which another comes, halfway to the next */
  #split(shape, n) {
    const points = this.shapes[shape].points, [x, y] = points[n], [toX, toY] = points[(n + 1) % points.length] ?? [x + STEP * 2, y];
    points.splice(n + 1, 0, [(x + toX) / 2, (y + toY) / 2]);
    this.chosen = { shape, corner: n + 1 };
  }

  /** @param {number} shape @param {number} n the corner that goes; the last one takes its shape along */
  #drop(shape, n) {
    this.shapes[shape].points.splice(n, 1);
    if (this.shapes[shape].points.length) this.chosen = { shape, corner: Math.max(0, n - 1) };
    else { this.shapes.splice(shape, 1); this.chosen = null; }
  }

  /** @param {string} camera */
  #off(camera) {
    this.places[camera] = null;
    this.chosen = null;
  }

  /** The handles were drawn anew: the hand goes on with the same one.
   * @param {string} part
   */
  #refocus(part) {
    const chosen = this.chosen;
    if (!chosen) { maybe(this.side, "button")?.focus(); return; }
    const name = "camera" in chosen ? `[data-camera="${chosen.camera}"][data-part="${part || "hang"}"]` : "mark" in chosen ? `[data-mark="${chosen.mark}"]` : `[data-shape="${chosen.shape}"][data-corner="${chosen.corner}"]`;
    maybe(this.over, name)?.focus();
  }

  /** @param {HTMLElement | null} button */
  #tool(button) {
    if (!button || this.unread) return;
    const { add, put, camera, shape, tool } = button.dataset, [x, y] = [tenth(this.width / 2), tenth(this.height / 2)];
    if (add) {
      const d = tenth(Math.min(this.width, this.height) / 8);
      const points = add === "building" ? [[x - d, y - d], [x + d, y - d], [x + d, y + d], [x - d, y + d]] : add === "label" ? [[x, y]] : [[x - d, y], [x + d, y]];
      this.shapes.push({ kind: add, points, words: "" });
      this.chosen = { shape: this.shapes.length - 1, corner: 0 };
    } else if (put) {
      this.places[put] = { x, y, heading: 0, angle: 60, reach: Math.max(5, Math.round(this.width / 4)) };
      this.chosen = { camera: put };
    } else if (camera) this.chosen = { camera };
    else if (shape) this.chosen = { shape: Number(shape), corner: 0 };
    else if (tool === "fit") this.#fit();
    else if (tool === "measure") { this.ground.measure(); this.chosen = this.ground.marks.length ? { mark: 0 } : null; }
    else if (tool === "remove" && this.chosen && "shape" in this.chosen) { this.shapes.splice(this.chosen.shape, 1); this.chosen = null; }
    else if (tool === "off" && this.chosen && "camera" in this.chosen) this.#off(this.chosen.camera);
    this.#write();
    this.#refocus("hang");
  }

  /** The ground becomes as large as the picture that lies under it, and what is drawn stays where it is in the picture. */
  #fit() {
    const size = this.ground.place, [byX, byY] = this.ground.corner();
    for (const shape of this.shapes) shape.points = shape.points.map(([x, y]) => [x + byX, y + byY]);
    for (const [id, place] of Object.entries(this.places)) if (place) this.places[id] = placed(place, { x: tenth(place.x + byX), y: tenth(place.y + byY) });
    for (const name of /** @type {const} */ (["width", "height"])) {
      const field = this.other(`${name}_m`);
      if (field && size) field.value = String(tenth(size[name]));
    }
  }

  /** @param {HTMLInputElement} input */
  #typed(input) {
    const { name } = input.dataset, chosen = this.chosen, value = Number(input.value);
    const ground = Boolean(above(input, "[data-ground]"));
    if (!name || (!chosen && !ground) || (name !== "words" && (input.value === "" || !Number.isFinite(value)))) return;
    if (ground) this.ground.typed(name.replace("ground_", ""), value);
    else if (!chosen || "mark" in chosen) return;
    else if ("camera" in chosen) {
      const place = this.places[chosen.camera];
      if (place) this.places[chosen.camera] = placed(place, { [name]: value });
    } else if (name === "words") this.shapes[chosen.shape].words = input.value.slice(0, 40);
    else this.shapes[chosen.shape].points[chosen.corner][name === "x" ? 0 : 1] = value;
    const typed = input.value;
    this.#write();
    const again = maybe(this.side, `input[data-name="${name}"]`, HTMLInputElement);
    if (!again) return;
    again.value = typed;
    again.focus();
  }

  // --- how it looks

  #draw() {
    const { width, height, chosen } = this;
    this.status.textContent = this.unread ? this.words.unread : "";
    this.board.style.aspectRatio = `${width} / ${height}`;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawing.setAttribute("preserveAspectRatio", "none");
    this.drawing.replaceChildren(...this.ground.drawn(), ...this.#grid(), ...this.#cones(), ...this.shapes.map((shape, n) => {
      const closed = shape.kind === "building" ? "Z" : "";
      return this.#path(`pl-${shape.kind}${chosen && "shape" in chosen && chosen.shape === n ? " is-chosen" : ""}`, `M${shape.points.map((point) => point.join(" ")).join(" ")}${closed}`);
    }));
    const marks = this.ground.marks;
    if (marks.length) this.drawing.append(this.#path("pl-between", `M${marks.map((point) => point.join(" ")).join("L")}`));
    this.over.replaceChildren(...this.#written(), ...this.#handles());
    this.#aside();
  }

  /** @param {string} name @param {string} d */
  #path(name, d) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", d);
    return path;
  }

  #grid() {
    const { width, height } = this, lines = [];
    for (let x = 10; x < width; x += 10) lines.push(`M${x} 0V${height}`);
    for (let y = 10; y < height; y += 10) lines.push(`M0 ${y}H${width}`);
    return [this.#path("pl-grid", lines.join("")), this.#path("pl-edge", `M0 0H${width}V${height}H0Z`)];
  }

  #cones() {
    const { chosen } = this;
    return this.cameras.flatMap(({ id }) => {
      const place = this.places[id];
      return place ? [this.#path(`pl-cone${chosen && "camera" in chosen && chosen.camera === id ? " is-chosen" : ""}`, cone(place))] : [];
    });
  }

  /** @param {HTMLElement} element @param {number[]} point in metres */
  #put(element, [x, y]) {
    Object.assign(element.style, { left: `${(x / this.width) * 100}%`, top: `${(y / this.height) * 100}%` });
    return element;
  }

  #written() {
    return this.shapes.filter((shape) => shape.words).map((shape) => {
      const middle = [0, 1].map((n) => shape.points.reduce((sum, point) => sum + point[n], 0) / shape.points.length);
      return this.#put(made("span", { class: "pl-words" }, shape.words ?? ""), middle);
    });
  }

  #handles() {
    const { chosen } = this, shape = chosen && "shape" in chosen ? chosen.shape : -1;
    const corners = (this.shapes[shape]?.points ?? []).map((point, corner) => {
      const what = this.words.kinds[this.shapes[shape].kind];
      const label = this.#say("corner", { what, n: corner + 1, x: tenth(point[0]), y: tenth(point[1]) });
      const on = chosen && "shape" in chosen && chosen.corner === corner;
      return this.#put(made("button", { type: "button", class: `pl-handle${on ? " is-chosen" : ""}`, "data-part": "corner", "data-shape": shape, "data-corner": corner, "aria-label": label }, made("span")), point);
    });
    const cameras = this.cameras.flatMap(({ id, number, name }) => {
      const place = this.places[id], on = chosen && "camera" in chosen && chosen.camera === id;
      if (!place) return [];
      const said = { n: number, name, ...place };
      const hang = made("button", { type: "button", class: `pl-handle${on ? " is-chosen" : ""}`, "data-part": "hang", "data-camera": id, "aria-label": this.#say("camera", said) }, made("span", {}, String(number)));
      const turn = made("button", { type: "button", class: "pl-handle", "data-part": "turn", "data-camera": id, "aria-label": this.#say("turn", said) }, made("span"));
      return [this.#put(hang, [place.x, place.y]), ...(on ? [this.#put(turn, at(place, place.heading, place.reach))] : [])];
    });
    const marks = this.ground.marks.map((point, n) => {
      const on = chosen && "mark" in chosen && chosen.mark === n, label = this.#say("mark", { what: "AB"[n], x: tenth(point[0]), y: tenth(point[1]) });
      return this.#put(made("button", { type: "button", class: `pl-handle${on ? " is-chosen" : ""}`, "data-part": "mark", "data-mark": n, "aria-label": label }, made("span", {}, "AB"[n])), point);
    });
    return [...corners, ...cameras, ...marks];
  }

  #aside() {
    const { chosen, words } = this, place = chosen && "camera" in chosen ? this.places[chosen.camera] : null;
    const shape = chosen && "shape" in chosen ? this.shapes[chosen.shape] : null;
    const fields = made("div", { class: "pl-fields" });
    if (place) for (const name of /** @type {const} */ (["x", "y", "heading", "angle", "reach"])) fields.append(...this.#field(name, place[name]));
    if (shape && chosen && "shape" in chosen) {
      const [x, y] = shape.points[chosen.corner] ?? [0, 0];
      fields.append(...this.#field("words", shape.words ?? "", "text"), ...this.#field("x", tenth(x)), ...this.#field("y", tenth(y)));
    }
    const drop = place ? made("button", { type: "button", "data-tool": "off" }, words.off) : shape ? made("button", { type: "button", "data-tool": "remove" }, words.remove) : made("p", {}, words.nothing);
    this.side.replaceChildren(
      made("h3", {}, words.cameras), this.cameras.length ? made("div", { class: "pl-list" }, ...this.cameras.map((camera) => this.#cameraButton(camera))) : made("p", {}, words.no_cameras),
      made("h3", {}, words.shapes), made("div", { class: "pl-list" }, ...this.shapes.map((one, n) => made("button", { type: "button", "data-shape": n, "aria-pressed": one === shape }, one.words || words.kinds[one.kind] || one.kind))),
      made("h3", {}, words.add), made("div", { class: "pl-list" }, ...Object.entries(words.kinds).map(([kind, label]) => made("button", { type: "button", "data-add": kind }, String(label)))),
      fields, drop, ...this.ground.aside((name, value) => this.#field(name, value)),
    );
  }

  /** @param {Camera} camera */
  #cameraButton({ id, number, name }) {
    const { chosen } = this;
    if (!this.places[id]) return made("button", { type: "button", "data-put": id }, this.#say("put", { n: number, name }));
    return made("button", { type: "button", "data-camera": id, "aria-pressed": Boolean(chosen && "camera" in chosen && chosen.camera === id) }, `${number} ${name}`);
  }

  /** @param {string} name @param {string | number} value @param {string} [type] */
  #field(name, value, type = "number") {
    const id = `pl-${name}`;
    return [made("label", { for: id }, this.words[name]), made("input", { id, type, value, "data-name": name, ...(type === "number" ? { step: name === "heading" || name === "angle" ? 1 : 0.1 } : { maxlength: 40 }) })];
  }

  /** @param {string} key @param {Record<string, string | number>} said */
  #say(key, said) {
    return String(this.words[key]).replace(/\{(\w+)\}/g, (_whole, name) => String(said[name] ?? ""));
  }
}

customElements.define("plan-editor", PlanEditor);
