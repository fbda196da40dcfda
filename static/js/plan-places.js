/* Where a camera hangs on a plan and what it sees: metres, x to the east and y to the south; degrees from north, clockwise. */

/** @typedef {{x: number, y: number, heading: number, angle: number, reach: number}} Place */

/** @type {Record<"angle" | "reach", [number, number]>} */
const LIMITS = { angle: [1, 360], reach: [1, 500] };
const held = (/** @type {number} */ value, /** @type {[number, number]} */ [least, most]) => Math.min(Math.max(value, least), most);

/** Metres as people type them. */
export const tenth = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** The place with some of it changed, within what a camera can be.
 * @param {Place} place
 * @param {Partial<Place>} change
 * @returns {Place}
 */
export function placed(place, change) {
  const next = { ...place, ...change };
  return { ...next, heading: ((next.heading % 360) + 360) % 360, angle: held(next.angle, LIMITS.angle), reach: held(next.reach, LIMITS.reach) };
}

/** The place looking at a point, just so far.
 * @param {Place} place
 * @param {number} x
 * @param {number} y
 */
export function turned(place, x, y) {
  const heading = Math.round((Math.atan2(x - place.x, place.y - y) * 180) / Math.PI);
  return placed(place, { heading, reach: tenth(Math.hypot(x - place.x, y - place.y)) });
}

/** The point so many metres away in a direction.
 * @param {Place} place
 * @param {number} bearing
 * @param {number} metres
 */
export function at(place, bearing, metres) {
  const turn = (bearing * Math.PI) / 180;
  return [place.x + metres * Math.sin(turn), place.y - metres * Math.cos(turn)];
}

/** Where a picture of the ground lies: its upper left corner and its size, metres.
 * @typedef {{x: number, y: number, width: number, height: number}} Ground
 */

/** The picture as large as it must be for two of its points to lie so far apart. The first one stays where it is; the second
 * goes with the picture.
 * @param {Ground} picture
 * @param {number[]} first
 * @param {number[]} second
 * @param {number} metres
 */
export function scaled(picture, [x, y], [toX, toY], metres) {
  const by = metres / Math.hypot(toX - x, toY - y);
  const grown = { x: x + (picture.x - x) * by, y: y + (picture.y - y) * by, width: picture.width * by, height: picture.height * by };
  return { picture: grown, second: [x + (toX - x) * by, y + (toY - y) * by] };
}

/** What it sees, as an SVG path.
 * @param {Place} place
 */
export function cone(place) {
  const half = place.angle / 2, [left, right] = [at(place, place.heading - half, place.reach), at(place, place.heading + half, place.reach)];
  return `M${place.x} ${place.y}L${left.join(" ")}A${place.reach} ${place.reach} 0 ${place.angle > 180 ? 1 : 0} 1 ${right.join(" ")}Z`;
}

/** Whether a point lies on a line of a shape, or nearly.
 * @param {number[][]} points
 * @param {number[]} point
 * @param {number} near metres
 */
export function hits(points, [x, y], near) {
  const inside = points.length > 2 && points.reduce((odd, [ax, ay], n) => {
    const [bx, by] = points[(n + 1) % points.length];
    return (ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !odd : odd;
  }, false);
  return inside || points.some(([ax, ay], n) => {
    const [bx, by] = points[n + 1] ?? [ax, ay], [dx, dy] = [bx - ax, by - ay];
    const along = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0), 1);
    return Math.hypot(ax + along * dx - x, ay + along * dy - y) < near;
  });
}
