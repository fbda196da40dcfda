/* The least MP4 that Media Source Extensions take: one H.264 track, one picture a fragment. Times in 1/90000 s. */
export const TICKS = 90000;

const u8 = (/** @type {number[]} */ ...values) => Uint8Array.of(...values);
const u16 = (/** @type {number} */ value) => u8(value >> 8 & 255, value & 255);
const u32 = (/** @type {number} */ value) => u8(value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255);
const text = (/** @type {string} */ word) => Uint8Array.from([...word], (letter) => letter.charCodeAt(0));
const zeros = (/** @type {number} */ count) => new Uint8Array(count);
const MATRIX = joined([u32(0x10000), zeros(12), u32(0x10000), zeros(12), u32(0x40000000)]);

/** Byte strings as one.
 * @param {Uint8Array[]} parts
 */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

/** @param {string} name @param {Uint8Array[]} parts */
function box(name, ...parts) {
  const inside = joined(parts);
  return joined([u32(inside.length + 8), text(name), inside]);
}

/** What comes first: what the track is.
 * @param {{sps: Uint8Array, pps: Uint8Array, width: number, height: number}} track
 */
export function beginning({ sps, pps, width, height }) {
  const avcC = box("avcC", u8(1, sps[1], sps[2], sps[3], 255, 225), u16(sps.length), sps, u8(1), u16(pps.length), pps);
  const avc1 = box("avc1", zeros(6), u16(1), zeros(16), u16(width), u16(height), u32(0x480000), u32(0x480000), zeros(4), u16(1), zeros(32), u16(24), u16(0xffff), avcC);
  const stbl = box("stbl", box("stsd", u32(0), u32(1), avc1), box("stts", zeros(8)), box("stsc", zeros(8)), box("stsz", zeros(12)), box("stco", zeros(8)));
  const dinf = box("dinf", box("dref", u32(0), u32(1), box("url ", u32(1))));
  const minf = box("minf", box("vmhd", u32(1), zeros(8)), dinf, stbl);
  const mdhd = box("mdhd", zeros(12), u32(TICKS), zeros(4), u16(0x55c4), zeros(2));
  const mdia = box("mdia", mdhd, box("hdlr", zeros(8), text("vide"), zeros(13)), minf);
  const tkhd = box("tkhd", u32(7), zeros(8), u32(1), zeros(24), MATRIX, u32(width << 16), u32(height << 16));
  const mvhd = box("mvhd", zeros(12), u32(1000), zeros(4), u32(0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(2));
  const mvex = box("mvex", box("trex", u32(0), u32(1), u32(1), zeros(12)));
  return joined([box("ftyp", text("isom"), u32(512), text("isomiso5avc1mp41")), box("moov", mvhd, box("trak", tkhd, mdia), mvex)]);
}

/** One picture: its number from 1, its time and how long it is shown (ticks), and its units.
 * @param {{number: number, at: number, lasts: number, key: boolean, pictures: Uint8Array[]}} picture
 */
export function fragment({ number, at, lasts, key, pictures }) {
  const data = joined(pictures.flatMap((unit) => [u32(unit.length), unit]));
  const flags = key ? 0x2000000 : 0x1010000;  // depends on no other; depends on others and is no place to begin
  const moof = (/** @type {number} */ offset) => box("moof",
    box("mfhd", u32(0), u32(number)),
    box("traf",
      box("tfhd", u32(0x20000), u32(1)),
      box("tfdt", u32(0x1000000), u32(Math.floor(at / 2 ** 32)), u32(at % 2 ** 32)),
      box("trun", u32(0x701), u32(1), u32(offset), u32(lasts), u32(data.length), u32(flags))));
  return joined([moof(moof(0).length + 8), u32(data.length + 8), text("mdat"), data]);
}
