/* Where the last pack lies on this workstation: in the browser's store of answers, still sealed. */
const STORE = "nightdesk-pack", LAST = "/console/pack/last.json";

/** @typedef {import("./pack-sealing.js").Pack} Pack */

/** The last pack; null where there is none, or the browser keeps nothing here.
 * @returns {Promise<Pack | null>}
 */
export async function keptPack() {
  if (!globalThis.caches) return null;
  const answer = await (await caches.open(STORE)).match(LAST);
  return answer ? answer.json() : null;
}

/** @param {Response} answer */
export async function keep(answer) {
  await (await caches.open(STORE)).put(LAST, answer);
}
