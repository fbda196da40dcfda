/* <evidence-loop data-kind data-url data-started data-zone-path data-key-at data-begin-at>: the clip in a loop with its boxes,
   or the snapshot. Tracks are its JSON child: [{label, score, path: [[t, x1, y1, x2, y2], …]}], t in seconds from the clip's
   start. A second JSON child has the same moment from other cameras: [{camera, name, url, words, started, key_s, begin_s,
   tracks}]; `nextView` goes round. Says "shown" once, when the first picture is on the screen. */
import { BoxLabels } from "./box-labels.js";
import { json, maybe, the } from "./dom.js";
import { clockText } from "./time.js";
import { say } from "./words.js";

const HOLD_S = 0.6;  // a box outlives its last sighting by this much, then it is gone
const EARLY_S = 0.02;  // a frame's time and its sighting's, each rounded
const STEP_S = 0.04;  // as often as the quickest camera has a picture
const ENLARGED = 1.02;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{label?: string, score?: number, path?: number[][]}} Track */
/** The moment as one camera saw it; `words` say why there is no clip.
 * @typedef {{camera: string, name: string, url: string, poster?: string, words?: string, started: string, key_s?: number | string | null,
 *   begin_s?: number | string | null, zone?: string, tracks?: Track[]}} View
 */

// What was looked at: a part that is exchanged, a clip that has grown and another camera's go on at the same moment.
const looked = { alert: "", camera: "", moment: 0, paused: false };
let lastShape = "";  // most likely the next one's too: then nothing shifts when it is known

/** The box of a track at `t`, between its two nearest sightings; null before the first and some time after the last:
    a box may trail a person, it may not wait for one.
 * @param {number[][]} path [t, x1, y1, x2, y2] each
 * @param {number} t
 */
export function boxAt(path, t) {
  if (t < path[0][0] - EARLY_S || t > path[path.length - 1][0] + HOLD_S) return null;
  const next = path.findIndex((point) => point[0] >= t);
  if (next <= 0) return (next === 0 ? path[0] : path[path.length - 1]).slice(1);
  const [a, b] = [path[next - 1], path[next]];
  const share = (t - a[0]) / (b[0] - a[0] || 1);
  return [1, 2, 3, 4].map((n) => a[n] + (b[n] - a[n]) * share);
}

/** Why a clip or picture cannot be shown, as a code of the page's words: it is not there any more, the centre is away, or this
 * browser does not play its kind.
 * @param {string} url
 * @returns {Promise<"clip_gone" | "clip_away" | "no_video">}
 */
async function whyNot(url) {
  try {
    const { status } = await fetch(url, { method: "HEAD" });
    return status === 404 || status === 410 ? "clip_gone" : status >= 500 ? "clip_away" : "no_video";
  } catch {
    return "clip_away";
  }
}

export class EvidenceLoop extends HTMLElement {
  at = 0;  // which view
  pixels = 0;
  painting = 0;
  drawn = -1;  // for which second of the clip; less than none: to be drawn anew
  told = false;
  away = false;  // what it shows could not be fetched: the centre was away
  /** @type {View[]} */
  views = [];
  /** @type {HTMLElement[]} one for each track of the view */
  boxes = [];
  labels = new BoxLabels();
  room = { wide: 0, high: 0 };  // of the frame, in CSS pixels: not asked for with each picture
  /** @type {HTMLVideoElement | null} */
  video = null;
  /** @type {((at: number, whole: number) => void) | null} hears where the clip is, in seconds */
  onposition = null;
  sizes = new ResizeObserver(() => this.#size());

  get frame() { return the(this, ".frame"); }
  get view() { return this.views[this.at]; }
  get tracks() { return this.view.tracks ?? []; }

  connectedCallback() {
    const [tracks, views] = [...this.querySelectorAll("script")].map(json);
    const { url = "", poster, started = "", keyAt, beginAt, zonePath, alert = "" } = this.dataset;
    const name = maybe(this, "[data-place]")?.textContent ?? "";
    this.views = [{ camera: "", name, url, poster, started, key_s: keyAt, begin_s: beginAt, zone: zonePath, tracks }, ...(views ?? [])];
    if (looked.alert !== alert) Object.assign(looked, { alert, camera: "", moment: 0, paused: false });
    this.at = Math.max(this.views.findIndex((view) => view.camera === looked.camera), 0);
    const kept = sessionStorage.getItem("boxes") !== "off";
    this.setBoxes(kept);
    if (lastShape && this.dataset.kind !== "none") this.style.setProperty("--ar", lastShape);
    this.sizes.observe(this.frame);
    if (this.dataset.kind === "clip" && this.at) { this.at -= 1; this.nextView(); }
    else if (this.dataset.kind === "clip") this.#clip();
    else if (this.dataset.kind === "snapshot") this.#snapshot();
  }

  disconnectedCallback() {
    this.#end();
    this.sizes.disconnect();
  }

  #end() {
    cancelAnimationFrame(this.painting);
    if (this.video?.currentTime) Object.assign(looked, { moment: Date.parse(this.view.started) + this.video.currentTime * 1000, paused: this.video.paused });
    this.video?.pause();
    this.video?.removeAttribute("src");
    this.video = null;
    for (const old of this.querySelectorAll("[data-said], .play")) old.remove();
  }

  /** The same moment from the next camera, and from the first again after the last. */
  nextView() {
    if (this.views.length < 2 || this.dataset.kind !== "clip") return;
    this.#end();
    this.at = (this.at + 1) % this.views.length;
    looked.camera = this.view.camera;
    the(this, "[data-place]").textContent = this.view.name;
    this.frame.replaceChildren();
    this.boxes = [];
    if (this.view.url) this.#clip(); else this.#say(this.view.words ?? "");
  }

  /** Contact is back: try once more what could not be fetched. */
  again() {
    if (!this.away) return;
    this.away = false;
    this.#end();
    if (this.dataset.kind === "clip") this.#clip(); else this.#snapshot();
  }

  /** @param {boolean} on */
  setBoxes(on) {
    this.drawn = -1;
    this.dataset.boxes = on ? "on" : "off";
    this.querySelector('[data-do="boxes"]')?.setAttribute("aria-pressed", String(on));
    this.#again();
  }

  toggleBoxes() {
    const on = this.dataset.boxes === "off";
    sessionStorage.setItem("boxes", on ? "on" : "off");
    this.setBoxes(on);
  }

  togglePause() {
    if (!this.video) return;
    if (this.video.paused) this.video.play(); else this.video.pause();
  }

  #clip() {
    const video = document.createElement("video");
    const begin = Number(this.view.begin_s) || 0;
    Object.assign(video, { muted: true, loop: !begin, playsInline: true, preload: "auto", src: this.view.url });
    if (this.view.poster) video.poster = this.view.poster;
    // With reduced motion the loop stands on its key frame with a play button.
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    video.autoplay = !still && !looked.paused;
    video.setAttribute("aria-hidden", "true");
    video.onloadedmetadata = () => {
      this.#shape(video.videoWidth, video.videoHeight);
      const at = (looked.moment - Date.parse(this.view.started)) / 1000;
      if (looked.moment && at > 0 && at < video.duration) video.currentTime = at;
      else if (still) video.currentTime = Math.min(Number(this.view.key_s) || 0, video.duration);
      else if (begin) video.currentTime = Math.min(begin, video.duration);
    };
    video.onended = () => { video.currentTime = begin; video.play(); };
    video.onloadeddata = () => this.#shown();
    video.onerror = () => { if (this.video === video) this.#failed(); };
    video.onplay = video.onpause = () => this.dispatchEvent(new Event("playing-changed", { bubbles: true }));
    this.video = video;
    this.frame.replaceChildren(video);
    this.#overlay();
    this.drawn = -1;
    if (still) this.#offerPlay(video);
    // Only what has moved is drawn: to draw sixty times a second what stands cost a third of a core.
    let whole = NaN, told = this.onposition;
    const paint = () => {
      const { currentTime: at, duration } = video;
      if (this.video === video && (Math.abs(at - this.drawn) >= STEP_S || !Object.is(duration, whole) || told !== this.onposition)) {
        [this.drawn, whole, told] = [at, duration, this.onposition];
        this.#draw(at);
      }
      this.painting = requestAnimationFrame(paint);
    };
    paint();
  }

  #snapshot() {
    const picture = document.createElement("img");
    picture.alt = this.getAttribute("aria-label") ?? "";
    picture.onload = () => { this.#shape(picture.naturalWidth, picture.naturalHeight); this.#shown(); };
    picture.onerror = () => this.#failed();
    picture.src = this.dataset.url ?? "";
    this.frame.replaceChildren(picture);
    this.#overlay();
    this.#draw(0);
  }

  /** @param {number} width @param {number} height */
  #shape(width, height) {
    if (!width || !height) return;
    this.pixels = width;
    lastShape = `${width} / ${height}`;
    this.style.setProperty("--ar", lastShape);  // the stage too: it takes what room there is for this shape
    this.#size();
  }

  /** A picture that does not move is drawn anew where something else about it has changed. */
  #again() { if (!this.video && this.boxes.length) this.#draw(0); }

  /** A picture larger than its pixels says so. */
  #size() {
    this.drawn = -1;
    this.room = { wide: this.frame.clientWidth, high: this.frame.clientHeight };
    this.#again();
    const word = maybe(this, "[data-enlarged]"), times = this.room.wide / (this.pixels || Infinity);
    if (!word) return;
    word.hidden = times < ENLARGED;
    if (!word.hidden) word.textContent = say("enlarged", { times: times.toFixed(1) });
  }

  /** Nothing moves unasked: the clip stands on the moment of the alarm until somebody wants it to play.
   * @param {HTMLVideoElement} video
   */
  #offerPlay(video) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--go play", textContent: say("play") });
    button.dataset.do = "pause";
    video.addEventListener("play", () => button.remove(), { once: true });
    this.append(button);
  }

  #shown() {
    if (this.told) return;
    this.told = true;
    requestAnimationFrame(() => requestAnimationFrame(() => this.dispatchEvent(new Event("shown", { bubbles: true }))));
  }

  /** What cannot be played, such as H.265 in most browsers, still has its picture. */
  async #failed() {
    const { url, poster } = this.view, video = this.video;
    const why = await whyNot(url);
    if (video !== this.video || url !== this.view.url || !this.isConnected) return;  // another one is shown meanwhile
    this.away = why === "clip_away";
    if (!video || !poster || this.away) { this.#say(say(why)); return; }
    this.#end();
    const picture = Object.assign(document.createElement("img"), { alt: this.getAttribute("aria-label") ?? "" });
    picture.onload = () => { this.#shape(picture.naturalWidth, picture.naturalHeight); this.#shown(); };
    picture.onerror = () => this.#say(say(why));
    picture.src = poster;
    this.frame.replaceChildren(picture);
    this.querySelector(".cap--at")?.append(Object.assign(document.createElement("span"), { textContent: say(`${why}_picture`) }));
  }

  /** @param {string} text */
  #say(text) {
    const words = document.createElement("div");
    words.className = "cam--lost cover";
    words.dataset.said = "";
    words.append(Object.assign(document.createElement("b"), { textContent: text }));
    this.append(words);
  }

  #overlay() {
    if (this.view.zone) {
      const zone = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
      zone.setAttribute("class", "zone");
      zone.setAttribute("viewBox", "0 0 1 1");
      zone.setAttribute("preserveAspectRatio", "none");
      path.setAttribute("d", this.view.zone);
      zone.append(path);
      this.frame.append(zone);
    }
    this.boxes = this.tracks.map((track) => {
      const box = document.createElement("span"), label = document.createElement("b");
      box.className = "box";
      box.setAttribute("aria-hidden", "true");
      const name = track.label === "person" ? say("person") : track.label ?? "";
      label.textContent = say("score", { label: name, score: track.score ? track.score.toFixed(2) : "" }).trim();
      if (label.textContent) box.append(label);
      this.frame.append(box);
      return box;
    });
  }

  /** @param {number} t */
  #draw(t) {
    const tracks = this.tracks, stamp = maybe(this, ".ts"), { wide, high } = this.room;
    /** @type {[HTMLElement, import("./apart.js").Area][]} */
    const seen = [];
    this.boxes.forEach((box, n) => {
      const path = tracks[n].path, at = path?.length ? boxAt(path, t) : null;
      box.hidden = !at;
      if (!at) return;
      const [x1, y1, x2, y2] = at.map((value) => value * 100);
      Object.assign(box.style, { left: `${x1}%`, top: `${y1}%`, width: `${x2 - x1}%`, height: `${y2 - y1}%` });
      seen.push([box, { x1: at[0] * wide, y1: at[1] * high, x2: at[2] * wide, y2: at[3] * high }]);
    });
    this.labels.arrange({ x1: 0, y1: 0, x2: wide, y2: high }, seen);
    if (stamp && this.view.started) {
      const ms = Date.parse(this.view.started) + t * 1000;
      stamp.textContent = `${clockText(ms, this.dataset.timeZone)}.${Math.floor((ms % 1000) / 100)}`;
    }
    if (this.video?.duration) this.onposition?.(t, this.video.duration);
  }
}

customElements.define("evidence-loop", EvidenceLoop);
