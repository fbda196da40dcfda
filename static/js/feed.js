/* The one socket: events in order, each audience with positions of its own; a gap is noticed and made good.
   Events of this object: snapshot, event, beat, lost, back, tick (every try to come back). */
import { learn, now } from "./time.js";
import { settings } from "./words.js";

const SILENCE_MS = 5000;

export class Feed extends EventTarget {
  last = {};
  heardAt = performance.now();
  heardClock = Date.now();
  lost = false;
  tries = 0;
  early = [];  // events that overtook the snapshot they follow

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
    socket.onopen = () => { this.#send({ type: "resume", last: this.last }); this.#ping(); };
    socket.onmessage = (message) => { if (socket === this.socket) this.#hear(JSON.parse(message.data)); };
    socket.onclose = (closed) => { if (socket === this.socket) this.#closed(closed.code); };
  }

  /** Ask for everything anew. */
  resync() {
    this.last = {};
    this.#send({ type: "resume", last: {} });
  }

  #send(body) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(body));
  }

  #ping() { this.#send({ type: "ping", t: Date.now() }); }

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
      case "beat": this.#ping(); this.#beat(said); break;  // answered: the centre sees that somebody's page is alive
    }
  }

  #snapshot(said) {
    this.last = { ...said.heads };
    this.#tell("snapshot", said);
    for (const event of this.early.splice(0)) this.#event(event);
  }

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

  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  #closed(code) {
    if (code === 4401) { location.assign(`${settings.login}?next=${encodeURIComponent(location.pathname)}`); return; }
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
    if (silent && this.socket.readyState <= WebSocket.OPEN) {
      const old = this.socket;
      this.socket = { readyState: WebSocket.CLOSED, close() {} };
      old.close();
      this.#again();
    }
  }
}
