/* <camera-view data-camera>: the live picture over a socket, with its age. A picture older than two seconds is grey, dimmed and
   says so, whatever the reason: a frozen picture is never shown as live; nor is one of a camera that sends the same picture
   again and again. data-zone: whose clock is told.
   A large view takes the camera's own video (WebCodecs, else Media Source Extensions), else JPEG; one with data-fps is a tile
   and takes JPEG at that rate. data-way="codec" | "source" | "pictures", or ?way= of the page, says where to begin.
   Nothing is asked for while it is off the screen or the page is hidden. data-shows says which way it is shown. */
import { maybe, the } from "./dom.js";
import { Codec, Pictures, Source } from "./live-ways.js";
import { clockText, now } from "./time.js";
import { say } from "./words.js";

const OLD_MS = 2000;
const STALLED_MS = 4000;  // a way that is fed and shows nothing new for so long is given up
const FED_MS = 1000;
const WAYS = { codec: Codec, source: Source, pictures: Pictures };
/** @typedef {keyof typeof WAYS} Name */
/** What the server says between frames.
 * @typedef {(import("./live-ways.js").Stream & {type: "stream", way: "h264" | "jpeg"}) | {type: "frozen", since: string | null} | {type: "trouble", code: string}} Said
 */
/** @type {Record<number, string>} */
const GONE = { 4401: "live_logged_out", 4403: "live_forbidden" };

export class CameraView extends HTMLElement {
  timer = 0;
  wanted = false;
  onScreen = false;
  captured = 0;  // ms; 0 while there is no picture
  fedAt = -Infinity;
  freshAt = 0;
  hint = "";
  shape = "";
  /** @type {Name[]} the ways that are left, best first */
  ways = [];
  /** @type {string | null} since when the camera has been sending the same picture */
  frozen = null;
  /** @type {number | null} */
  retry = null;
  /** @type {WebSocket | null} */
  socket = null;
  /** @type {import("./live-ways.js").Way | null} */
  player = null;
  seen = new IntersectionObserver((entries) => { this.onScreen = Boolean(entries.at(-1)?.isIntersecting); this.#look(); });
  looked = () => this.#look();

  get canvas() { return the(this, "canvas", HTMLCanvasElement); }
  get frame() { return the(this, ".frame"); }
  get cover() { return maybe(this, "[data-cover]"); }
  get word() { return maybe(this, "[data-cover-word]"); }
  get age() { return maybe(this, ".age"); }
  get old() { return the(this, ".old"); }

  connectedCallback() {
    this.hint = this.word?.nextElementSibling?.textContent ?? "";
    this.timer = setInterval(() => { this.#giveUpStalled(); this.#showAge(); }, 200);
    this.seen.observe(this);
    document.addEventListener("visibilitychange", this.looked);
    if ("auto" in this.dataset) this.start();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.seen.disconnect();
    document.removeEventListener("visibilitychange", this.looked);
    this.stop();
  }

  get running() { return this.wanted; }

  /** Show another camera.
   * @param {string} camera
   * @param {string} name
   * @param {boolean} [on] whether it is to be seen at once
   */
  choose(camera, name, on = true) {
    this.dataset.camera = camera;
    const label = this.querySelector("[data-name-word]");
    if (label) label.textContent = name;
    this.stop();
    if (on) this.start();
  }

  start() {
    if (!this.dataset.camera) return;
    this.wanted = true;
    this.ways = this.#possible();
    this.#say("live_connecting");
    this.#look();
  }

  stop() {
    this.wanted = false;
    this.#close();
    this.#blank();
    this.#say("live_off");
  }

  /** The ways to try, best first.
   * @returns {Name[]}
   */
  #possible() {
    if (this.dataset.fps) return ["pictures"];
    /** @type {Record<Name, boolean>} */
    const can = { codec: Codec.able(), source: Source.able(), pictures: true };
    const able = /** @type {Name[]} */ (Object.keys(WAYS)).filter((name) => can[name]);
    const asked = this.dataset.way || new URLSearchParams(location.search).get("way");
    return able.slice(Math.max(able.findIndex((name) => name === asked), 0));
  }

  /** Open where somebody can see it, close where nobody does. */
  #look() {
    const looking = this.wanted && this.onScreen && !document.hidden;
    if (looking && !this.socket && !this.retry) this.#open();
    if (!looking) this.#close();
  }

  #open() {
    this.retry = null;
    const way = this.ways[0], query = new URLSearchParams(way === "pictures" ? {} : { way: "h264" });
    if (this.dataset.fps) query.set("fps", this.dataset.fps);
    const address = new URL(`/ws/live/${this.dataset.camera}?${query}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.#use(way);
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      if (typeof data === "string") this.#told(JSON.parse(data)); else this.#take(socket, data);
    };
    socket.onclose = ({ code }) => { if (socket === this.socket) this.#closed(code); };
  }

  /** Show what comes in that way from now on.
   * @param {Name} way
   */
  #use(way) {
    this.player?.close();
    this.freshAt = performance.now();
    this.dataset.shows = way;
    /** @type {import("./live-ways.js").View["shown"]} */
    const shown = (captured, width, height) => { if (player === this.player) this.#shown(captured, width, height); };
    const broken = () => { this.dataset.broken = String(Number(this.dataset.broken ?? 0) + 1); };
    const failed = (/** @type {string} */ why) => { if (player === this.player) this.#nextWay(why); };
    const player = new WAYS[way]({ frame: this.frame, canvas: this.canvas, shown, broken, failed });
    this.player = player;
  }

  /** @param {string} why */
  #nextWay(why) {
    this.dataset.gaveUp = `${this.dataset.gaveUp ?? ""}${this.ways[0]}: ${why}; `;
    if (this.ways.length > 1) this.ways.shift();
    this.#close();
    this.#look();
  }

  /** @param {WebSocket} socket @param {ArrayBuffer} data */
  async #take(socket, data) {
    this.fedAt = performance.now();
    await this.player?.take(data);
    // The server keeps few frames on their way: tell it that this one has arrived.
    if (socket.readyState === WebSocket.OPEN) socket.send("1");
  }

  /** @param {Said} said */
  #told(said) {
    if (said.type === "stream") {
      // The camera has no video that browsers play: pictures come instead.
      if (said.way === "jpeg" && this.dataset.shows !== "pictures") this.#use("pictures");
      this.player?.begin(said);
    } else if (said.type === "frozen") {
      this.frozen = said.since;
      this.#showAge();
    } else if (said.type === "trouble" && !this.captured) {
      this.#say(said.code === "waiting" ? "live_slow" : "live_none");
    }
  }

  /** @param {number} code */
  #closed(code) {
    this.#close();
    if (GONE[code]) {
      this.wanted = false;
      this.#blank();
        this.#say(GONE[code]);
      return;
    }
    if (!this.captured) this.#say("live_none");
    this.retry = setTimeout(() => { this.retry = null; this.#look(); }, 1000 + Math.random() * 1000);
  }

  /** Let go of socket and player; the last picture stays, and grows old. */
  #close() {
    if (this.retry) clearTimeout(this.retry);
    this.retry = null;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    if (this.player instanceof Source) this.#keepLast();
    this.player?.close();
    this.player = null;
  }

  /** A video element goes with its player: what it last showed stays on the canvas. */
  #keepLast() {
    const video = maybe(this.frame, "video", HTMLVideoElement), canvas = this.canvas;
    if (!video?.videoWidth || !this.captured) return;
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d")?.drawImage(video, 0, 0);
  }

  /** Nothing of it is to be seen any more. */
  #blank() {
    this.captured = 0;
    this.frozen = null;
    const canvas = this.canvas;
    canvas.width = canvas.width;  // setting it clears it
    this.classList.remove("is-old");
    this.old.hidden = true;
    if (this.age) this.age.textContent = "";
  }

  /** @param {number} captured @param {number} width @param {number} height */
  #shown(captured, width, height) {
    this.#fit(width, height);
    this.captured = captured;
    if (this.cover) this.cover.hidden = true;
    this.dataset.frames = String(Number(this.dataset.frames ?? 0) + 1);
    if (now() - captured < OLD_MS) this.freshAt = performance.now();
    this.#showAge();
    this.dispatchEvent(new CustomEvent("live", { bubbles: true, detail: { age: now() - captured } }));
  }

  /** @param {number} width @param {number} height */
  #fit(width, height) {
    const shape = `${width} / ${height}`;
    if (shape === this.shape) return;
    this.shape = shape;
    const wide = width / height > 16 / 9, large = this.classList.contains("large");
    // The large one's stage takes its picture's shape; the small ones keep theirs, so that a row of them is even.
    (large ? this : this.frame).style.setProperty("--ar", shape);
    this.frame.style.width = wide && !large ? "100%" : "";
    this.frame.style.height = wide && !large ? "" : "100%";
  }

  /** A decoder that takes everything and gives nothing, or ever older pictures, is as bad as one that fails. */
  #giveUpStalled() {
    const at = performance.now();
    const fed = this.player && at - this.fedAt < FED_MS;
    if (!fed) this.freshAt = at;
    else if (this.dataset.shows !== "pictures" && at - this.freshAt > STALLED_MS) this.#nextWay("stalled");
  }

  #showAge() {
    if (!this.captured || !this.wanted) return;
    const ms = Math.max(0, now() - this.captured);
    const old = ms > OLD_MS || Boolean(this.frozen), notice = this.old;
    this.classList.toggle("is-old", old);
    notice.hidden = !old;
    const text = (ms / 1000).toFixed(ms < 10000 ? 1 : 0);
    if (ms > OLD_MS) notice.textContent = say("live_old", { age: text });
    else if (this.frozen) notice.textContent = say("live_frozen", { time: clockText(Date.parse(this.frozen), this.dataset.zone) });
    if (this.age) this.age.textContent = old ? "" : `${text} s`;
  }

  /** @param {string} key */
  #say(key) {
    const cover = this.cover, word = this.word;
    if (!cover || !word) return;
    cover.hidden = false;
    word.textContent = say(key);
    if (word.nextElementSibling) word.nextElementSibling.textContent = key === "live_off" ? this.hint : "";
  }

}

customElements.define("camera-view", CameraView);
