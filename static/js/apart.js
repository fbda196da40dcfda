/* Labels that do not cover each other: each is moved a little, or left out. All lengths are CSS pixels. */

const GAP = 1;

/** Left, top, right, bottom.
 * @typedef {{x1: number, y1: number, x2: number, y2: number}} Area
 */

/** @param {DOMRect} rect @returns {Area} */
export const areaOf = (rect) => ({ x1: rect.left, y1: rect.top, x2: rect.right, y2: rect.bottom });

/** @param {Area} area @param {number} dx @param {number} dy @returns {Area} */
export const moved = ({ x1, y1, x2, y2 }, dx, dy) => ({ x1: x1 + dx, y1: y1 + dy, x2: x2 + dx, y2: y2 + dy });

/** @param {Area} a @param {Area} b */
const meet = (a, b) => a.x1 < b.x2 + GAP && b.x1 < a.x2 + GAP && a.y1 < b.y2 + GAP && b.y1 < a.y2 + GAP;

/** How far a label is moved: by the first of `ways` on which it lies within `room` and covers nothing that is taken; null where it
 * finds no place.
 * @param {Area} label @param {[number, number][]} ways @param {Area[]} taken @param {Area} room
 * @returns {[number, number] | null}
 */
export function placed(label, ways, taken, room) {
  const within = (/** @type {Area} */ at) => at.x1 >= room.x1 && at.x2 <= room.x2 && at.y1 >= room.y1 && at.y2 <= room.y2;
  return ways.find(([dx, dy]) => {
    const at = moved(label, dx, dy);
    return within(at) && !taken.some((other) => meet(at, other));
  }) ?? null;
}
