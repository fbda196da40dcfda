/* The live feed of one page: every event of every audience exactly once and in order, or the word to look again.
   The server numbers events per audience; each names the one before it, so that a gap is a real gap. */

const SILENCE_MS = 5000;  // the server speaks every 2 s; longer silence means that nobody knows how things are
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** An event of an audience as customers may know it: the card and the row of its incident; `stale` asks to look anew.
 * @typedef {{type: "event", audience: string, seq: number, prev: number, site: string | null, incident?: string, stale?: boolean,
 *   card: string, row: string}} Pushed
 */
/** @typedef {Pushed | {type: "snapshot" | "beat", heads: Record<string, number>} | {type: "hello" | "pong"}} Said */

export class Feed extends EventTarget {
  /** @type {Record<string, number>} */
  #last;
  /** @type {WebSocket | null} */
  #socket = null;
  #timer = 0; #tries = 0; #asked = false; #url; #over = false;

  /** @param {string} url of the socket  @param {Record<string, number>} last positions that the page was made at */
  constructor(url, last) {
    super();
    this.#url = url;
    this.#last = { ...last };
    this.heardAt = Date.now();
  }

  open() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#asked = false;
    this.#watch();
    socket.addEventListener("open", () => this.#resume());
    socket.addEventListener("message", (event) => { if (socket === this.#socket) this.#hear(JSON.parse(event.data)); });
    socket.addEventListener("close", (event) => { if (socket === this.#socket) this.#lost(event.code); });
  }

  /** Look at once whether the line is alive: after sleep, or when the network is back. */
  nudge() {
    if (this.#over) return;
    if (this.#socket?.readyState !== WebSocket.OPEN) { this.#tries = 0; this.#drop(); this.open(); }
  }

  /** For tests and for a network that says itself that it is gone. */
  cut() { this.#drop(); this.#lost(0); }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #resume() {
    this.#asked = true;
    this.#socket?.send(JSON.stringify({ type: "resume", last: this.#last }));
  }

  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), SILENCE_MS);
  }

  /** @param {Said} said */
  #hear(said) {
    this.#watch();
    this.heardAt = Date.now();
    this.#tries = 0;
    this.#tell("contact");
    if (said.type === "snapshot") {
      this.#asked = false;
      this.#last = { ...said.heads };
      this.#tell("look");
    } else if (said.type === "event") {
      const known = this.#last[said.audience] ?? 0;
      if (said.seq <= known) return;
      if (said.prev > known) { if (!this.#asked) this.#resume(); return; }
      this.#asked = false;
      this.#last[said.audience] = said.seq;
      this.#tell("event", said);
    } else if (said.type === "beat") {
      const behind = Object.entries(said.heads).some(([audience, head]) => head > (this.#last[audience] ?? 0));
      // What was asked for two seconds ago and has not come is asked for again.
      if (behind) this.#resume();
      else this.#asked = false;
    }
  }

  /** @param {number} code of the socket's end; 0 where it was cut */
  #lost(code) {
    clearTimeout(this.#timer);
    this.#socket = null;
    if (code === 4401 || code === 4403) { this.#over = true; this.#tell(code === 4401 ? "logged-out" : "rights"); return; }
    this.#tell("lost");
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    this.#timer = setTimeout(() => this.open(), wait * (0.5 + Math.random()));
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
