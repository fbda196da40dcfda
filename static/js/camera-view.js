/* <camera-view data-camera>: live pictures over a socket, each with its age. A picture older than two seconds is
   grey, dimmed and says so: a frozen picture is never shown as live. */
import { now } from "./time.js";
import { say } from "./words.js";

const OLD_MS = 2000;

customElements.define("camera-view", class extends HTMLElement {
  connectedCallback() {
    this.canvas = this.querySelector("canvas");
    this.cover = this.querySelector("[data-cover]");
    this.word = this.querySelector("[data-cover-word]");
    this.age = this.querySelector(".age");
    this.old = this.querySelector(".old");
    this.timer = setInterval(() => this.#showAge(), 200);
    if ("auto" in this.dataset && sessionStorage.getItem("live") !== "off") this.start();
  }

  disconnectedCallback() { clearInterval(this.timer); this.stop(); }

  get running() { return Boolean(this.wanted); }

  toggle() {
    if (this.running) this.stop(); else this.start();
    sessionStorage.setItem("live", this.running ? "on" : "off");
  }

  /** Show another camera. */
  choose(camera, name) {
    this.dataset.camera = camera;
    const label = this.querySelector("[data-name-word]");
    if (label) label.textContent = name;
    this.stop();
    this.start();
  }

  start() {
    if (!this.dataset.camera) return;
    this.wanted = true;
    this.#say("live_connecting");
    this.#pressed();
    this.#open();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.retry);
    this.socket?.close();
    this.socket = null;
    this.captured = 0;
    this.#pressed();
    if (this.cover) { this.cover.hidden = false; this.classList.remove("is-old"); this.old.hidden = true; if (this.age) this.age.textContent = ""; }
  }

  #open() {
    const rate = this.dataset.fps ? `?fps=${this.dataset.fps}` : "";
    const address = new URL(`/ws/live/${this.dataset.camera}${rate}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      if (typeof data === "string") this.#trouble(JSON.parse(data)); else this.#picture(socket, data);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.socket || !this.wanted) return;
      if (code === 4403) { this.#say("live_forbidden"); return; }
      if (!this.captured) this.#say("live_none");
      this.retry = setTimeout(() => this.#open(), 1000 + Math.random() * 1000);
    };
  }

  async #picture(socket, data) {
    const captured = new DataView(data).getFloat64(0) * 1000;
    try {
      const picture = await createImageBitmap(new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" }));
      if (socket !== this.socket) return;
      if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) {
        this.canvas.width = picture.width;
        this.canvas.height = picture.height;
        const frame = this.canvas.parentElement;
        const wide = picture.width / picture.height > 16 / 9, large = this.classList.contains("large");
        // The large one's stage takes its picture's shape; the small ones keep theirs, so that a row of them is even.
        (large ? this : frame).style.setProperty("--ar", `${picture.width} / ${picture.height}`);
        frame.style.width = wide && !large ? "100%" : "";
        frame.style.height = wide && !large ? "" : "100%";
      }
      this.canvas.getContext("2d").drawImage(picture, 0, 0);
      picture.close();
      this.captured = captured;
      this.cover.hidden = true;
      this.dataset.frames = String(Number(this.dataset.frames ?? 0) + 1);
      this.#showAge();
      this.dispatchEvent(new Event("live", { bubbles: true }));
    } catch {
      this.dataset.broken = String(Number(this.dataset.broken ?? 0) + 1);  // a damaged picture: the next one comes
    }
    // The server keeps at most two pictures on their way: tell it that this one has arrived.
    if (socket.readyState === WebSocket.OPEN) socket.send("1");
  }

  #trouble(said) { if (!this.captured) this.#say(said.code === "waiting" ? "live_slow" : "live_none"); }

  #showAge() {
    if (!this.captured || !this.wanted) return;
    const ms = Math.max(0, now() - this.captured);
    const old = ms > OLD_MS;
    this.classList.toggle("is-old", old);
    this.old.hidden = !old;
    const text = (ms / 1000).toFixed(ms < 10000 ? 1 : 0);
    if (old) this.old.textContent = say("live_old", { age: text });
    this.age.textContent = old ? "" : `${text} s`;
  }

  #say(key) {
    this.cover.hidden = false;
    this.word.textContent = say(key);
    if (this.word.nextElementSibling) this.word.nextElementSibling.textContent = "";
  }

  #pressed() { this.querySelector('[data-do="live"]')?.setAttribute("aria-pressed", String(this.running)); }
});
