/* Outlines in a picture: points are [across, down] in percent. The same judgement as the server's, which has the last word. */

/** @typedef {number[]} Point [across, down] */
/** @typedef {"polygon" | "polygons" | "line"} Mode */

export const MOST_POINTS = 64;

/** Whether two edges of the outline cross; neighbours share a point and may.
 * @param {Point[]} points
 */
export function crossesItself(points) {
  const side = (/** @type {Point} */ a, /** @type {Point} */ b, /** @type {Point} */ c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const edge = (/** @type {number} */ n) => [points[n], points[(n + 1) % points.length]];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 2; j < points.length; j++) {
      if (i === 0 && j === points.length - 1) continue;
      const [a, b] = edge(i), [c, d] = edge(j);
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
  }
  return false;
}

export const inPicture = (/** @type {Point} */ [x, y]) => x >= 0 && x <= 100 && y >= 0 && y <= 100;

/** What is wrong with a shape, as a code of the page's words; "" when nothing is.
 * @param {Point[]} points
 * @param {Mode} mode
 */
export function wrong(points, mode) {
  if (points.some((point) => point.some((value) => !Number.isFinite(value)))) return "no_number";
  if (!points.every(inPicture)) return "outside";
  if (mode === "line") return points.length !== 2 ? "too_few" : String(points[0]) === String(points[1]) ? "same" : "";
  if (points.length < 3) return "too_few";
  return crossesItself(points) ? "crosses" : "";
}

/** Where a point put in after corner `n` goes: halfway to the next one.
 * @param {Point[]} points
 * @param {number} n
 */
export function halfway(points, n) {
  const [a, b] = [points[n], points[(n + 1) % points.length]];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** The corner after which the edge nearest to a point begins.
 * @param {Point[]} points
 * @param {Point} point
 */
export function nearestEdge(points, [x, y]) {
  const far = points.map((a, n) => {
    const b = points[(n + 1) % points.length];
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const along = Math.min(Math.max(((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1), 0), 1);
    return Math.hypot(a[0] + along * dx - x, a[1] + along * dy - y);
  });
  return far.indexOf(Math.min(...far));
}

const tenth = (/** @type {number} */ value) => Math.round(value * 10) / 10;
export const rounded = (/** @type {Point[]} */ points) => points.map((point) => point.map(tenth));

/** JSON of fractions, as the field keeps it, into shapes of percent; null for what is none.
 * @param {string} text
 * @param {Mode} mode
 * @returns {Point[][] | null}
 */
export function read(text, mode) {
  let value;
  try { value = JSON.parse(text.trim() || "null"); } catch { return null; }
  if (value === null) return [];
  const shapes = mode === "polygons" ? value : [value];
  const isPoint = (/** @type {unknown} */ point) => Array.isArray(point) && point.length === 2 && point.every((v) => typeof v === "number");
  if (!Array.isArray(shapes) || !shapes.every((shape) => Array.isArray(shape) && shape.every(isPoint))) return null;
  /** @type {Point[][]} */
  const sound = shapes;
  return sound.filter((shape) => shape.length).map((shape) => shape.map((point) => point.map((v) => v * 100)));
}

/** Shapes as the field keeps them: fractions with four digits, "" for a line that is not there.
 * @param {Point[][]} shapes
 * @param {Mode} mode
 */
export function written(shapes, mode) {
  const fractions = shapes.map((shape) => shape.map((point) => point.map((v) => Math.round(v * 100) / 10000)));
  if (mode === "polygons") return JSON.stringify(fractions);
  return fractions.length ? JSON.stringify(fractions[0]) : mode === "line" ? "" : "[]";
}
