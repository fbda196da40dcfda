/* A socket for pages that only want to know that something happened: what it was they ask for themselves, so no event has to be
   kept in order and none is asked for again. Events of this object: ring (an event, with its kind and subject), lost, back, beat;
   hello, when a socket begins to tell: nobody has told what happened since the page was rendered, or since the last socket. */
import { learn, now } from "./time.js";

const SILENCE_MS = 5000;

/** What an event was about; `stale`: its incident could not be told, so it may be about any.
 * @typedef {{kind: string, incident: string, stale: boolean}} Rung
 */

export class Bell extends EventTarget {
  heardAt = performance.now();
  heardClock = now();
  lost = false;
  tries = 0;
  touched = true;
  /** @type {WebSocket | null} */
  socket = null;

  /** @param {{login: string, open?: string, silent?: boolean}} what the page says of itself with every answer */
  constructor(what) {
    super();
    this.what = what;
    for (const gesture of ["keydown", "pointerdown"]) addEventListener(gesture, () => { this.touched = true; }, true);
    setInterval(() => this.#look(), 500);
    this.#connect();
  }

  /** Seconds since the centre was last heard. */
  get age() { return (performance.now() - this.heardAt) / 1000; }

  #connect() {
    const address = new URL("/ws/feed", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => this.#ping();
    socket.onmessage = (message) => { if (socket === this.socket) this.#hear(JSON.parse(message.data)); };
    socket.onclose = (closed) => { if (socket === this.socket) this.#closed(closed.code); };
  }

  #ping() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const { open = "", silent = false } = this.what;
    this.socket.send(JSON.stringify({ type: "ping", t: Date.now(), visible: !document.hidden, active: this.touched, open, silent }));
    this.touched = false;
  }

  /** @param {{type: string, t?: number, now?: string, kind?: string, incident?: string, stale?: boolean}} said */
  #hear(said) {
    this.heardAt = performance.now();
    this.heardClock = now();
    this.tries = 0;
    if (this.lost) { this.lost = false; this.dispatchEvent(new Event("back")); }
    if (said.type === "pong") learn(said.t ?? 0, Date.now(), said.now ?? "");
    if (said.type === "hello") this.dispatchEvent(new Event("hello"));
    if (said.type === "beat") { this.#ping(); this.dispatchEvent(new Event("beat")); }
    if (said.type === "event") {
      /** @type {Rung} */
      const detail = { kind: said.kind ?? "", incident: said.incident ?? "", stale: said.stale ?? false };
      this.dispatchEvent(new CustomEvent("ring", { detail }));
    }
  }

  /** @param {number} code */
  #closed(code) {
    this.socket = null;
    if (code === 4401) { location.assign(`${this.what.login}?ended=1&next=${encodeURIComponent(location.pathname)}`); return; }
    if (code === 4403) { location.reload(); return; }
    this.tries += 1;
    // Jitter: when the centre comes back, all its pages must not come at once.
    setTimeout(() => this.#connect(), Math.min(8000, 250 * 2 ** Math.min(this.tries, 6)) * (0.5 + Math.random()));
  }

  #look() {
    if (this.age * 1000 < SILENCE_MS) return;
    if (!this.lost) { this.lost = true; this.dispatchEvent(new Event("lost")); }
    // A socket that is open but silent is as good as lost.
    if (this.socket?.readyState === WebSocket.OPEN && this.age * 1000 > 2 * SILENCE_MS) this.socket.close();
  }
}
