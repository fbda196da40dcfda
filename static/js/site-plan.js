/* <site-plan>: the drawing of a site. Its words and numbers keep their size however small it is drawn, and do not cover each other:
   [data-w] says which goes first; what finds no place is left out, but for cameras and where somebody was. */
import { areaOf, moved, placed } from "./apart.js";
import { all, maybe } from "./dom.js";

/** @typedef {[number, number]} Way */
const EDGE = 4;
const AROUND = [[0, 0], [1, 0], [-1, 0], [0, -1], [0, 1], [0.7, 0.7], [-0.7, 0.7], [0.7, -0.7], [-0.7, -0.7], [0, 2], [0, -2]];

export class SitePlan extends HTMLElement {
  sizes = new ResizeObserver(() => this.#arrange());

  connectedCallback() {
    const svg = maybe(this, "svg", SVGSVGElement);
    if (svg) this.sizes.observe(svg);
    document.fonts.ready.then(() => this.#arrange());
  }

  disconnectedCallback() { this.sizes.disconnect(); }

  #arrange() {
    const svg = maybe(this, "svg", SVGSVGElement), scale = svg?.getScreenCTM()?.a;
    if (!svg || !scale || !svg.clientWidth) return;
    svg.style.setProperty("--px", String(Math.max(1, 1 / scale)));
    const { x1, y1, x2, y2 } = areaOf(svg.getBoundingClientRect()), room = { x1: x1 + EDGE, y1, x2: x2 - EDGE, y2 };
    /** @type {import("./apart.js").Area[]} */
    const taken = [];
    const labels = all(svg, "[data-w]", SVGGraphicsElement).sort((a, b) => Number(a.dataset.w) - Number(b.dataset.w));
    for (const label of labels) move(label, [0, 0], scale);
    for (const label of labels) {
      const here = areaOf(label.getBoundingClientRect()), stays = label.hasAttribute("data-stays");
      const way = placed(here, this.#ways(here, room), taken, room) ?? (stays ? [0, 0] : null);
      label.classList.toggle("is-out", !way);
      if (!way) continue;
      move(label, way, scale);
      taken.push(moved(here, ...way));
    }
  }

  /** Where a label may stand: in its place, else beside, over and under it; never beyond the edge.
   * @param {import("./apart.js").Area} at @param {import("./apart.js").Area} room @returns {Way[]}
   */
  #ways({ x1, y1, x2, y2 }, room) {
    const wide = x2 - x1, high = y2 - y1, inside = Math.max(0, room.x1 - x1) - Math.max(0, x2 - room.x2);
    return AROUND.map(([x, y]) => /** @type {Way} */ ([x ? x * (wide / 2 + 12) : inside, y * (high + 2)]));
  }
}

/** @param {SVGElement} label @param {Way} way in CSS pixels @param {number} scale of the drawing */
function move(label, [dx, dy], scale) {
  label.style.setProperty("--dx", `${dx / scale}px`);
  label.style.setProperty("--dy", `${dy / scale}px`);
}

customElements.define("site-plan", SitePlan);
