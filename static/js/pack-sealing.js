/* The contingency pack's locks, by the browser's own cryptography: RSA-OAEP 3072 around AES-256-GCM; the private key locked by a
   phrase (PBKDF2-SHA256). What is made here is checked, and sealed for, by soc/console/pack/sealing.py. */

/** @typedef {{kdf: string, iterations: number, salt: string, iv: string, private: string}} Locked */
/** @typedef {{v: number, made_at: string, centre: string, locked: Locked, wrapped: string, iv: string, data: string}} Pack */

const ITERATIONS = 600_000;
const RSA = { name: "RSA-OAEP", hash: "SHA-256" };

/** The phrase does not fit. */
export class WrongPhrase extends Error {}
/** The phrase fits, and what it opens is broken. */
export class Damaged extends Error {}

/** Whether this browser may use its cryptography here: only over https, and on this machine itself. */
export const able = () => Boolean(globalThis.crypto?.subtle);

/** New keys for a centre, the private one locked by the phrase.
 * @param {string} phrase
 * @returns {Promise<{public: string, locked: Locked}>}
 */
export async function makeKeys(phrase) {
  const made = { ...RSA, modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = await crypto.subtle.generateKey(made, true, ["encrypt", "decrypt"]);
  const secret = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  const open = await crypto.subtle.exportKey("spki", pair.publicKey);
  const salt = crypto.getRandomValues(new Uint8Array(16)), iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await fromPhrase(phrase, salt, ITERATIONS);
  const hidden = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, secret);
  const pem = (text(open).match(/.{1,64}/g) ?? []).join("\n");
  return {
    public: `-----BEGIN PUBLIC KEY-----\n${pem}\n-----END PUBLIC KEY-----\n`,
    locked: { kdf: "PBKDF2-SHA256", iterations: ITERATIONS, salt: text(salt), iv: text(iv), private: text(hidden) },
  };
}

/** What a pack holds. Rejects with WrongPhrase or Damaged.
 * @param {Pack} pack
 * @param {string} phrase
 * @returns {Promise<any>}
 */
export async function openPack(pack, phrase) {
  const { locked } = pack;
  /** @type {ArrayBuffer} */
  let secret;
  try {
    const key = await fromPhrase(phrase, bytes(locked.salt), locked.iterations);
    secret = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(locked.iv) }, key, bytes(locked.private));
  } catch {
    throw new WrongPhrase();
  }
  try {
    const mine = await crypto.subtle.importKey("pkcs8", secret, RSA, false, ["decrypt"]);
    const raw = await crypto.subtle.decrypt({ name: "RSA-OAEP" }, mine, bytes(pack.wrapped));
    const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(pack.iv) }, key, bytes(pack.data));
    const stream = new Blob([plain]).stream().pipeThrough(new DecompressionStream("deflate"));
    return await new Response(stream).json();
  } catch {
    throw new Damaged();
  }
}

/** @param {string} phrase @param {Uint8Array<ArrayBuffer>} salt @param {number} iterations */
async function fromPhrase(phrase, salt, iterations) {
  // Written the same way on every keyboard: an é is one sign whether it was typed as one or as two.
  const words = new TextEncoder().encode(phrase.normalize("NFC"));
  const material = await crypto.subtle.importKey("raw", words, "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** @param {ArrayBuffer | Uint8Array<ArrayBuffer>} value base64 of it */
function text(value) {
  let found = "";
  for (const byte of new Uint8Array(value)) found += String.fromCharCode(byte);
  return btoa(found);
}

/** @param {string} value @returns {Uint8Array<ArrayBuffer>} */
function bytes(value) {
  return Uint8Array.from(atob(value), (sign) => sign.charCodeAt(0));
}
