/* The picture under a plan: where it lies on the ground, and how large it is, found by two of its points whose distance somebody
   knows. A part of the plan editor, which draws and keeps what is changed here. */
import { made } from "./dom.js";
import { scaled, tenth } from "./plan-places.js";

const SVG = "http://www.w3.org/2000/svg", LEAST = 0.1;
const hundredth = (/** @type {number} */ value) => Math.round(value * 100) / 100;

/** @typedef {import("./plan-places.js").Ground} Ground */

export class PlanGround {
  /** @type {Ground | null} */
  place = null;
  /** @type {number[][]} the two points between which is measured, metres; none while nobody measures */
  marks = [];

  /** @param {string} address of the picture, "" without one
   * @param {Record<string, any>} words */
  constructor(address, words) { this.address = address; this.words = words; }

  /** @param {string} text what the page's field holds
   * @returns {boolean} whether it could be read */
  read(text) {
    this.place = JSON.parse(text || "null");
    return this.place === null || ["x", "y", "width", "height"].every((name) => Number.isFinite(Reflect.get(this.place ?? {}, name)));
  }

  get text() {
    const { place } = this;
    return place ? JSON.stringify({ x: hundredth(place.x), y: hundredth(place.y), width: hundredth(place.width), height: hundredth(place.height) }) : "";
  }

  /** What lies under everything else of the drawing. */
  drawn() {
    if (!this.place || !this.address) return [];
    const image = document.createElementNS(SVG, "image"), { x, y, width, height } = this.place;
    for (const [name, value] of Object.entries({ x, y, width, height, href: this.address, preserveAspectRatio: "none" })) image.setAttribute(name, String(value));
    return [image];
  }

  /** Begin to measure between two points in the middle of the picture, or stop it. */
  measure() {
    if (!this.place || this.marks.length) { this.marks = []; return; }
    const { x, y, width, height } = this.place;
    this.marks = [[x + width / 4, y + height / 2], [x + (3 * width) / 4, y + height / 2]];
  }

  /** How far apart the two points are now, metres. */
  get apart() {
    const [a, b] = this.marks;
    return a && b ? Math.hypot(b[0] - a[0], b[1] - a[1]) : 0;
  }

  /** Lie at the corner of the ground.
   * @returns {number[]} by how much everything on it moves with it, metres */
  corner() {
    const { x, y } = this.place ?? { x: 0, y: 0 };
    if (this.place) this.place = { ...this.place, x: 0, y: 0 };
    this.marks = this.marks.map((point) => [point[0] - x, point[1] - y]);
    return [-x, -y];
  }

  /** A number that was typed.
   * @param {string} name x | y | width: of the picture; apart: between the two points
   * @param {number} value metres */
  typed(name, value) {
    const { place, marks: [a, b] } = this;
    if (!place) return;
    if (name === "apart") {
      if (value < LEAST || this.apart < LEAST) return;
      const { picture, second } = scaled(place, a, b, value);
      this.place = picture;
      this.marks = [a, second];
    } else if (name === "width") {
      if (value >= LEAST) this.place = { ...place, width: value, height: (place.height * value) / place.width };
    } else this.place = { ...place, [name]: value };
  }

  /** The part beside the board.
   * @param {(name: string, value: string | number) => Node[]} field */
  aside(field) {
    const { words, place } = this;
    if (!place) return [];
    const fields = made("div", { class: "pl-fields", "data-ground": "" }, ...field("ground_x", tenth(place.x)), ...field("ground_y", tenth(place.y)), ...field("ground_width", tenth(place.width)));
    const measuring = this.marks.length ? [made("p", {}, words.measuring), made("div", { class: "pl-fields", "data-ground": "" }, ...field("ground_apart", tenth(this.apart)))] : [];
    const start = made("button", { type: "button", "data-tool": "measure", "aria-pressed": this.marks.length > 0 }, words.measure);
    const fit = made("button", { type: "button", "data-tool": "fit" }, words.fit);
    return [made("h3", {}, words.picture), fields, start, ...measuring, fit];
  }
}
