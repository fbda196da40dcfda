/* Where the words of each box stand, so that no word covers another in a group of people: over the box, else at its other end, in it
   or under it, else nowhere. They stay where they stand as long as they can: nothing jumps about beside who is looked at. */
import { moved, placed } from "./apart.js";
import { maybe } from "./dom.js";

const EDGE = 2;  // a box's own line
const AGAIN_MS = 500;  // words that found no place look for one again after this
/** Over a box of that width and height: by how much each place lies to the right and below.
 * @type {Record<string, (wide: number, high: number, label: Size) => [number, number]>}
 */
const PLACES = {
  over: () => [0, 0],
  "over-end": (wide, _high, label) => [wide - label.wide, 0],
  inside: (_wide, _high, label) => [EDGE, label.high],
  under: (_wide, high, label) => [0, high + label.high - 2 * EDGE],
  "under-end": (wide, high, label) => [wide - label.wide, high + label.high - 2 * EDGE],
};

/** @typedef {{wide: number, high: number}} Size */
/** @typedef {import("./apart.js").Area} Area */

export class BoxLabels {
  /** @type {WeakMap<HTMLElement, Size>} of each label, measured once */
  sizes = new WeakMap();
  /** @type {WeakMap<HTMLElement, number>} boxes whose words found no place, and when */
  out = new WeakMap();

  /** @param {Area} room of the picture @param {[HTMLElement, Area][]} boxes those that are seen, and where; the first goes first */
  arrange(room, boxes) {
    if (!room.x2) return;  // not laid out yet
    const now = performance.now();
    /** @type {Area[]} */
    const taken = [];
    for (const [box, at] of boxes) {
      const label = maybe(box, "b"), size = label && this.#size(label);
      if (!size?.wide || now - (this.out.get(box) ?? -Infinity) < AGAIN_MS) continue;
      const bottom = at.y1 + EDGE, over = { x1: at.x1, y1: bottom - size.high, x2: at.x1 + size.wide, y2: bottom };
      const names = Object.keys(PLACES).sort((a, b) => Number(b === box.dataset.words) - Number(a === box.dataset.words));
      const ways = names.map((name) => PLACES[name](at.x2 - at.x1, at.y2 - at.y1, size)), way = placed(over, ways, taken, room);
      const words = way ? names[ways.indexOf(way)] : "out";
      if (box.dataset.words !== words) box.dataset.words = words;
      if (way) { taken.push(moved(over, ...way)); this.out.delete(box); } else this.out.set(box, now);
    }
  }

  /** @param {HTMLElement} label @returns {Size} */
  #size(label) {
    const known = this.sizes.get(label) ?? { wide: label.offsetWidth, high: label.offsetHeight };
    if (known.wide) this.sizes.set(label, known);
    return known;
  }
}
