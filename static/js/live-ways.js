/* Three ways to show a live picture. Each is given `view`: {frame, canvas, shown(captured, width, height), failed(why)}, and
   takes the socket's messages; `begin` is told what the stream is before its first frame. `failed` is called at most once. */
import { frameOf, parted } from "./annexb.js";
import { TICKS, beginning, fragment, joined } from "./fmp4.js";
import { now } from "./time.js";

/** What a way shows its pictures in and tells: {frame, canvas}, a shown picture (captured ms), a damaged one, that it gave up.
 * @typedef {{frame: HTMLElement, canvas: HTMLCanvasElement, shown: (captured: number, width: number, height: number) => void,
 *   broken: () => void, failed: (why: string) => void}} View
 */
/** What the server says of the stream before its first frame; what it does not know of a stream of pictures is left out.
 * @typedef {{codec: string, width: number, height: number}} Stream
 */
/** @typedef {{begin(stream: Stream): void | Promise<void>, take(message: ArrayBuffer): void | Promise<void>, close(): void}} Way */

const OLD_MS = 2000;
const MOST_QUEUED = 300;  // encoded pictures: the group that a view begins with, not more
const BEHIND_S = 0.25, FAR_BEHIND_S = 1;  // of a player's own buffer: run a little faster, jump
const KEPT_S = 10;

/** @param {View} view @param {CanvasImageSource} picture @param {number} width @param {number} height */
function draw(view, picture, width, height) {
  if (view.canvas.width !== width || view.canvas.height !== height) { view.canvas.width = width; view.canvas.height = height; }
  view.canvas.getContext("2d")?.drawImage(picture, 0, 0);
}

/** Every picture a JPEG.
 * @implements {Way}
 */
export class Pictures {
  over = false;

  /** @param {View} view */
  constructor(view) { this.view = view; }

  begin() {}

  /** @param {ArrayBuffer} message */
  async take(message) {
    const captured = new DataView(message).getFloat64(0) * 1000;
    let picture;
    try {
      picture = await createImageBitmap(new Blob([new Uint8Array(message, 8)], { type: "image/jpeg" }));
    } catch {
      this.view.broken();  // a damaged picture: the next one comes
      return;
    }
    const { width, height } = picture;
    if (!this.over) { draw(this.view, picture, width, height); this.view.shown(captured, width, height); }
    picture.close();
  }

  close() { this.over = true; }
}

/** The camera's own video through WebCodecs, each picture on the canvas as soon as it is decoded.
 * @implements {Way}
 */
export class Codec {
  static able() { return isSecureContext && "VideoDecoder" in globalThis; }

  over = false;
  number = 0;
  keyWanted = true;
  /** @type {Map<number, number>} when each picture was captured, by its number */
  captured = new Map();
  /** @type {VideoDecoder | null} */
  decoder = null;
  /** @type {ArrayBuffer[] | null} what came while the browser was asked */
  waiting = null;

  /** @param {View} view */
  constructor(view) { this.view = view; }

  /** @param {Stream} stream */
  async begin({ codec }) {
    this.decoder?.close();
    this.decoder = null;
    this.keyWanted = true;
    const config = { codec, optimizeForLatency: true };
    /** @type {ArrayBuffer[]} */
    const waiting = [];
    this.waiting = waiting;
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (this.over || waiting !== this.waiting) return;
    if (!supported) { this.#fail(`no decoder for ${codec}`); return; }
    this.decoder = new VideoDecoder({ output: (picture) => this.#out(picture), error: (error) => this.#fail(error.message) });
    this.decoder.configure(config);
    this.waiting = null;
    waiting.forEach((message) => this.take(message));
  }

  /** @param {ArrayBuffer} message */
  take(message) {
    if (this.waiting) { this.waiting.push(message); return; }
    if (this.decoder?.state !== "configured") return;
    const { captured, key, data } = frameOf(message);
    if (this.decoder.decodeQueueSize > MOST_QUEUED) this.keyWanted = true;
    if (this.keyWanted && !key) return;
    this.keyWanted = false;
    // The decoder only hands the timestamp on: a number that says which picture came out.
    this.number += 1;
    this.captured.set(this.number, captured);
    const [oldest] = this.captured.keys();
    if (this.captured.size > 2 * MOST_QUEUED) this.captured.delete(oldest);
    try {
      this.decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: this.number, data }));
    } catch (error) {
      this.#fail(String(error));
    }
  }

  /** @param {VideoFrame} picture */
  #out(picture) {
    const captured = this.captured.get(picture.timestamp) ?? 0;
    this.captured.delete(picture.timestamp);
    // A view begins with the last keyframe: what came before this moment is decoded, not shown as if it were now.
    const catchingUp = now() - captured > OLD_MS && (this.decoder?.decodeQueueSize ?? 0) > 0;
    if (captured && !catchingUp && !this.over) {
      draw(this.view, picture, picture.displayWidth, picture.displayHeight);
      this.view.shown(captured, picture.displayWidth, picture.displayHeight);
    }
    picture.close();
  }

  /** @param {string} why */
  #fail(why) { if (!this.over) { this.close(); this.view.failed(why); } }

  close() {
    this.over = true;
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
  }
}

/** The camera's own video through Media Source Extensions: a video element in the canvas's place.
 * @implements {Way}
 */
export class Source {
  static able() { return "MediaSource" in globalThis && "requestVideoFrameCallback" in HTMLVideoElement.prototype; }

  over = false;
  width = 0;
  height = 0;
  number = 0;
  at = 0;  // ticks
  step = TICKS / 10;
  sets = "";
  /** @type {number | null} the media second of the picture before */
  before = null;
  /** @type {Uint8Array[]} */
  queue = [];
  /** @type {[number, number][]} media second and capture (ms) of each picture that is not shown yet */
  times = [];
  /** @type {HTMLVideoElement | null} */
  video = null;
  /** @type {MediaSource | null} */
  source = null;
  /** @type {SourceBuffer | null} */
  buffer = null;

  /** @param {View} view */
  constructor(view) { this.view = view; }

  /** @param {Stream} stream */
  begin({ codec, width, height }) {
    this.#remove();
    const kind = `video/mp4; codecs="${codec}"`;
    if (!MediaSource.isTypeSupported(kind)) { this.#fail(`no player for ${codec}`); return; }
    Object.assign(this, { width, height, queue: [], times: [], number: 0, at: 0, step: TICKS / 10, before: null, sets: "" });
    const video = this.video = document.createElement("video"), source = this.source = new MediaSource();
    Object.assign(video, { muted: true, autoplay: true, playsInline: true, disablePictureInPicture: true });
    video.setAttribute("role", "img");
    video.setAttribute("aria-label", this.view.canvas.getAttribute("aria-label") ?? "");
    video.onerror = () => this.#fail(video.error?.message ?? "video error");
    source.onsourceopen = () => {
      URL.revokeObjectURL(video.src);
      const buffer = this.buffer = source.addSourceBuffer(kind);
      buffer.onupdateend = () => { this.#tidy(); this.#pump(); };
      buffer.onerror = () => this.#fail("the stream could not be taken");
      this.#pump();
    };
    video.src = URL.createObjectURL(source);
    this.view.canvas.hidden = true;
    this.view.frame.append(video);
    /** @type {VideoFrameRequestCallback} */
    const each = (_now, { mediaTime }) => {
      if (video !== this.video) return;
      this.#shown(mediaTime);
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }

  /** @param {ArrayBuffer} message */
  take(message) {
    if (!this.video) return;
    const { captured, key, at, data } = frameOf(message), { sps, pps, pictures } = parted(data);
    if (!this.sets && !(key && sps && pps)) return;
    if (key && sps && pps && String(sps) + String(pps) !== this.sets) {
      this.sets = String(sps) + String(pps);
      this.queue.push(beginning({ sps, pps, width: this.width, height: this.height }));
    }
    const gap = this.before === null ? null : Math.round((at - this.before) * TICKS);
    if (gap !== null && gap < 0 && gap > -TICKS) { this.#fail("pictures out of order"); return; }
    // Timestamps that jump belong to a new count: then the next picture comes when the last one ends.
    if (gap !== null && gap > 0 && gap < 2 * TICKS) this.step = gap;
    if (gap !== null) this.at += this.step;
    this.before = at;
    this.number += 1;
    this.times.push([this.at / TICKS, captured]);
    this.queue.push(fragment({ number: this.number, at: this.at, lasts: this.step, key, pictures }));
    this.#pump();
  }

  #pump() {
    if (!this.buffer || this.buffer.updating || !this.queue.length || this.source?.readyState !== "open") return;
    try {
      this.buffer.appendBuffer(joined(this.queue.splice(0)));  // all there is at once: each call is a round trip
    } catch (error) {
      this.#fail(String(error));
    }
  }

  /** Stay at the live end, forget what has been shown. */
  #tidy() {
    const { buffer, video } = this;
    if (!buffer || !video || buffer.updating || !buffer.buffered.length) return;
    const end = buffer.buffered.end(buffer.buffered.length - 1), behind = end - video.currentTime;
    if (behind > FAR_BEHIND_S || video.currentTime < buffer.buffered.start(0)) video.currentTime = end - 0.02;
    video.playbackRate = behind > BEHIND_S ? 1.2 : 1;
    if (video.currentTime - buffer.buffered.start(0) > 2 * KEPT_S) buffer.remove(0, video.currentTime - KEPT_S);
  }

  /** @param {number} mediaTime */
  #shown(mediaTime) {
    let found = null;
    while (this.times.length && this.times[0][0] <= mediaTime + 0.005) found = this.times.shift();
    if (found && this.video) this.view.shown(found[1], this.video.videoWidth, this.video.videoHeight);
  }

  /** @param {string} why */
  #fail(why) { if (!this.over) { this.close(); this.view.failed(why); } }

  #remove() {
    const video = this.video;
    this.video = null;
    this.buffer = null;
    if (!video) return;
    video.onerror = null;
    video.remove();
    video.removeAttribute("src");
    video.load();
    this.view.canvas.hidden = false;
  }

  close() { this.over = true; this.#remove(); }
}
