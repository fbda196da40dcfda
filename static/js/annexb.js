/* H.264 as cameras send it (start codes), as much of it as a player must know. */
const SPS = 7, PPS = 8, DELIMITER = 9;

/** One frame of the live socket: {captured (ms), key, at (media seconds), data}.
 * @param {ArrayBuffer} message
 */
export function frameOf(message) {
  const view = new DataView(message);
  return { captured: view.getFloat64(0) * 1000, key: view.getUint8(8) === 1, at: view.getFloat64(9), data: new Uint8Array(message, 17) };
}

/** The units of a byte stream, without start codes.
 * @param {Uint8Array} data
 */
export function units(data) {
  /** @type {Uint8Array[]} */
  const found = [];
  let begin = -1;
  for (let at = 0; at + 2 < data.length; at += 1) {
    if (data[at + 2] > 1) { at += 2; continue; }
    if (data[at] || data[at + 1] || data[at + 2] !== 1) continue;
    if (begin >= 0) found.push(trimmed(data, begin, at));
    begin = at + 3;
    at += 2;
  }
  if (begin >= 0) found.push(trimmed(data, begin, data.length));
  return found;
}

/** @param {Uint8Array} data @param {number} begin @param {number} end */
function trimmed(data, begin, end) {
  while (end > begin && data[end - 1] === 0) end -= 1;
  return data.subarray(begin, end);
}

/** The parameter sets, where they are told, and the units that belong into a file.
 * @param {Uint8Array} data
 */
export function parted(data) {
  /** @type {{sps: Uint8Array | null, pps: Uint8Array | null, pictures: Uint8Array[]}} */
  const part = { sps: null, pps: null, pictures: [] };
  for (const unit of units(data)) {
    const type = unit[0] & 31;
    if (type === SPS) part.sps = unit;
    else if (type === PPS) part.pps = unit;
    else if (type !== DELIMITER && unit.length) part.pictures.push(unit);
  }
  return part;
}
