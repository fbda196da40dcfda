/* The one socket: events in order, each audience with positions of its own; a gap is noticed and made good.
   Events of this object: snapshot, event, beat, lost, back, tick (every try to come back). */
import { learn, now } from "./time.js";
import { settings } from "./words.js";

const SILENCE_MS = 5000;

/** An incident in the strip, as the server tells it: instants in ISO 8601, ids or "".
 * @typedef {{incident: string, state: string, offered_to: string, owner: string, away: boolean, priority: number, escalation: number,
 *   queued: string, turn: string, painted: boolean, due: string, sound: boolean, title: string, where: string, html: string}} Row
 */
/** How the spine stands.
 * @typedef {{lag_s?: number, stuck?: number}} Pulse
 */
/** An event with the row of its incident; `stale` asks to fetch everything anew; `desk` is whose shift it
 * was of, instead of an incident's row.
 * @typedef {Row & {type: "event", audience: string, seq: number, prev: number, id: number, kind: string, stale?: boolean, desk?: string}} Pushed
 */
/** What waits beyond the rows of a snapshot, which has what a page may need next.
 * @typedef {{waiting: number, oldest: string, parked: number, due: string}} Beyond
 */
/** @typedef {Pulse & {type: "snapshot", heads: Record<string, number>, rows: Row[], beyond: Beyond | null, shift: boolean,
 *   storm: string}} Snapshot */
/** @typedef {Pulse & {type: "beat", heads: Record<string, number>}} Beat */
/** @typedef {{type: "pong", t: number, now: string}} Pong */

export class Feed extends EventTarget {
  /** @type {Record<string, number>} */
  last = {};
  heardAt = performance.now();
  heardClock = Date.now();
  lost = false;
  tries = 0;
  behind = false;
  openedAt = -Infinity;
  retry = 0;
  /** @type {WebSocket | null} */
  socket = null;
  /** @type {Pushed[]} */
  early = [];  // events that overtook the snapshot they follow
  /** What this page says of itself with every ping.
   * @type {() => object}
   */
  said = () => ({});

  /** @param {string} path of the socket */
  constructor(path) {
    super();
    this.path = path;
    setInterval(() => this.#watch(), 500);
    this.connect();
  }

  /** Seconds since the centre was last heard. */
  get age() { return (performance.now() - this.heardAt) / 1000; }

  connect() {
    clearTimeout(this.retry);
    this.socket?.close();
    const address = new URL(this.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.socket = socket;
    this.openedAt = performance.now();
    socket.onopen = () => { this.#send({ type: "resume", last: this.last }); this.ping(); };
    socket.onmessage = (message) => { if (socket === this.socket) this.#hear(JSON.parse(message.data)); };
    socket.onclose = (closed) => { if (socket === this.socket) this.#closed(closed.code); };
  }

  /** Ask for everything anew. */
  resync() {
    this.last = {};
    this.#send({ type: "resume", last: {} });
  }

  /** @param {object} body */
  #send(body) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(body));
  }

  /** Tell the centre that this page lives, and how. */
  ping() { this.#send({ type: "ping", t: Date.now(), ...this.said() }); }

  /** @param {Snapshot | Pushed | Beat | Pong} said */
  #hear(said) {
    this.heardAt = performance.now();
    this.heardClock = now();
    this.tries = 0;
    if (this.lost) {
      this.lost = false;
      this.dispatchEvent(new Event("back"));
    }
    switch (said.type) {
      case "pong": learn(said.t, Date.now(), said.now); break;
      case "snapshot": this.#snapshot(said); break;
      case "event": this.#event(said); break;
      case "beat": this.ping(); this.#beat(said); break;  // answered: the centre sees that somebody's page is alive
    }
  }

  /** @param {Snapshot} said */
  #snapshot(said) {
    this.last = { ...said.heads };
    this.#tell("snapshot", said);
    for (const event of this.early.splice(0)) this.#event(event);
  }

  /** @param {Pushed} said */
  #event(said) {
    if (!Object.keys(this.last).length) { this.early.push(said); return; }
    const known = this.last[said.audience];
    if (known !== undefined && said.seq <= known) return;
    if (known === undefined || said.prev !== known) {
      this.#send({ type: "resume", last: this.last });  // a real gap: the server tells what was missed
      return;
    }
    this.last[said.audience] = said.seq;
    this.#tell("event", said);
  }

  /** @param {Beat} said */
  #beat(said) {
    const behind = Object.entries(said.heads).some(([audience, head]) => head > (this.last[audience] ?? -1));
    if (behind && Object.keys(this.last).length) {
      // Pushes on their way may still close this gap: ask only if the next beat is behind as well.
      if (this.behind) this.#send({ type: "resume", last: this.last });
      this.behind = !this.behind;
    } else {
      this.behind = false;
    }
    this.#tell("beat", said);
  }

  /** @param {string} kind @param {object} [detail] */
  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  /** @param {number} code */
  #closed(code) {
    if (code === 4401) { location.assign(`${settings.login}?ended=1&next=${encodeURIComponent(location.pathname)}`); return; }
    if (code === 4403) { this.#tell("forbidden"); }
    this.#again();
  }

  #again() {
    this.tries += 1;
    this.dispatchEvent(new Event("tick"));
    // Jitter: when the centre comes back, all its consoles must not come at once.
    const wait = Math.min(8000, 250 * 2 ** Math.min(this.tries, 6)) * (0.5 + Math.random());
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), wait);
  }

  #watch() {
    if (this.age * 1000 < SILENCE_MS) return;
    if (!this.lost) {
      this.lost = true;
      this.dispatchEvent(new Event("lost"));
    }
    // A socket that is open but silent is as good as lost.
    const silent = performance.now() - this.openedAt > SILENCE_MS;
    const old = this.socket;
    if (silent && old && old.readyState <= WebSocket.OPEN) {
      this.socket = null;
      old.close();
      this.#again();
    }
  }
}
