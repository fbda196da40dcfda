/* The queue strip: rows as the server rendered them, sorted by priority, then by whose turn it is, and what this page knows of each. */
import { byId, the } from "./dom.js";
import { clockText, now, span } from "./time.js";
import { say, settings } from "./words.js";

const HELD = new Set(["claimed", "working", "waiting"]);
const NARROW = matchMedia("(max-width: 1599px)");

const ANEW_MS = 15000;  // where more waits than is here, it is asked for again so often
const FEW = 8;
const SUPERVISORS = 2;  // the escalation at which they are told that nobody claimed

/** @typedef {import("./feed.js").Row} Row */
/** What waits beyond the rows that are here, in numbers.
 * @typedef {import("./feed.js").Beyond} Beyond
 */

export class Strip {
  /** @type {Map<string, Row>} by incident */
  incidents = new Map();
  list = byId("queue");
  count = byId("count");
  oldest = byId("oldest");
  parked = byId("parked");
  picks = document.body.dataset.pick === "yes";
  known = false;
  /** @type {Beyond | null} where a snapshot has not got all: a storm */
  beyond = null;
  askedAt = -Infinity;
  current = "";
  /** @type {(() => void) | null} hears that other rows may be in sight */
  onshown = null;

  constructor() {
    setInterval(() => this.tick(), 500);
  }

  /** @param {Row[]} rows @param {Beyond | null} [beyond] */
  replace(rows, beyond = null) {
    this.known = true;
    this.beyond = beyond;
    this.askedAt = performance.now();
    this.incidents = new Map(rows.map((row) => [row.incident, row]));
    this.list.replaceChildren();
    for (const row of rows) this.#paint(row);
    this.tick();
  }

  /** Take in one row; returns what was known of the incident before.
   * @param {Row} row
   */
  update(row) {
    const before = this.incidents.get(row.incident);
    if (row.state === "closed") this.incidents.delete(row.incident); else this.incidents.set(row.incident, row);
    this.#paint(row);
    this.tick();
    return before;
  }

  /** Whether to ask anew what waits: there is more than is here, and little of that is left or it is some time ago. */
  get thin() {
    if (!this.beyond) return false;
    const open = this.#all().filter((row) => row.state === "open").length, since = performance.now() - this.askedAt;
    return since > (open < FEW && this.beyond.waiting ? 1000 : ANEW_MS);
  }

  /** It is not this user's to see any more.
   * @param {string} id of an incident
   */
  forget(id) {
    this.incidents.delete(id);
    document.getElementById(`q-${id}`)?.remove();
    this.tick();
  }

  mine() { return this.#all().filter((row) => row.owner === settings.me && HELD.has(row.state)); }

  /** What this operator may claim, most urgent first; of one urgency what is offered to them, then what is open to all. */
  claimable() {
    const open = this.#all().filter((row) => row.state === "open");
    const mine = (/** @type {Row} */ row) => row.offered_to === settings.me;
    const fitting = open.filter((row) => mine(row) || !row.offered_to || row.escalation > 0);
    return fitting.sort((a, b) => a.priority - b.priority || Number(mine(b)) - Number(mine(a)));
  }

  /** The loudest priority that is to be heard here; 0 for silence. Off shift, whoever may take over hears what nobody claimed in its time.
   * @param {boolean} onShift
   */
  loudest(onShift) {
    const told = onShift ? this.claimable() : this.picks ? this.#all().filter((row) => row.escalation >= SUPERVISORS) : [];
    const heard = told.filter((row) => row.sound).map((row) => row.priority);
    return heard.length ? Math.min(...heard) : 0;
  }

  /** @param {string} id of the incident on the desk */
  open(id) { this.current = id; this.tick(); }

  #all() {
    return [...this.incidents.values()].sort((a, b) => a.priority - b.priority || a.turn.localeCompare(b.turn));
  }

  /** @param {Row} row */
  #paint(row) {
    const old = document.getElementById(`q-${row.incident}`);
    if (row.state === "closed" || row.state === "parked" || !row.html) { old?.remove(); return; }
    const holder = document.createElement("template");
    holder.innerHTML = row.html.trim();
    const item = the(holder.content, ".q");
    if (this.picks || row.away) {  // whoever handles may take over from somebody who has gone
      const link = the(item, "[data-href]", HTMLAnchorElement);
      link.href = link.dataset.href ?? "";
    }
    if (old) old.replaceWith(item); else this.list.append(item);
  }

  /** Whether a row is in sight: a full strip hides the last ones, a narrow screen scrolls them.
   * @param {string} id
   */
  shows(id) {
    const place = document.getElementById(`q-${id}`)?.getBoundingClientRect();
    return place !== undefined && place.width > 0 && place.left < innerWidth && place.right > 0 && place.top < innerHeight && place.bottom > 0;
  }

  tick() {
    if (!this.known) return;  // what waits is not known before the centre has told it
    const rows = this.#all(), room = NARROW.matches ? 5 : 6;
    const shown = rows.filter((row) => row.state !== "parked");
    // What is open on the desk stays in sight even when the strip is full.
    const order = [...shown].sort((a, b) => Number(b.incident === this.current) - Number(a.incident === this.current));
    order.forEach((row, n) => {
      const item = document.getElementById(`q-${row.incident}`);
      if (!item) return;
      item.hidden = n >= room;
      if (this.list.children[n] !== item) this.list.insertBefore(item, this.list.children[n] ?? null);
      this.#dress(item, row);
    });
    this.list.classList.toggle("is-full", shown.length >= room);
    this.#counts(rows, shown, room);
    this.onshown?.();
  }

  /** @param {HTMLElement} item @param {Row} row */
  #dress(item, row) {
    const age = now() - Date.parse(item.dataset.captured ?? ""), limit = Number(item.dataset.limit) * 1000;
    const mine = row.owner === settings.me, held = HELD.has(row.state), who = the(item, ".who");
    the(item, ".age").textContent = span(age);
    item.style.setProperty("--p", `${Math.min(100, (age / limit) * 100)}%`);
    item.classList.toggle("q--late", !held && age > limit * 0.8);
    item.classList.toggle("q--mine", mine);
    item.classList.toggle("q--other", held && !mine);
    item.classList.toggle("q--open", row.incident === this.current);
    if (row.incident === this.current) item.setAttribute("aria-current", "true"); else item.removeAttribute("aria-current");
    if (mine) who.textContent = say("yours");
    else if (row.state === "open" && row.offered_to === settings.me) who.textContent = say("for_you");
  }

  /** @param {Row[]} rows @param {Row[]} shown @param {number} room */
  #counts(rows, shown, room) {
    const beyond = this.beyond ?? { waiting: 0, oldest: "", parked: 0, due: "" };
    const waiting = shown.filter((row) => row.state === "open"), waits = waiting.length + beyond.waiting;
    const more = shown.length + beyond.waiting - room;
    this.count.textContent = waits ? `${waits} ${say("waiting")}` : say("nothing_waits");
    const captured = waiting.map((row) => Date.parse(document.getElementById(`q-${row.incident}`)?.dataset.captured ?? ""));
    if (beyond.oldest) captured.push(Date.parse(beyond.oldest));
    const oldest = captured.length ? say("oldest", { age: span(now() - Math.min(...captured)) }) : "";
    this.oldest.textContent = [oldest, more > 0 ? say("more_waiting", { n: more }) : ""].filter(Boolean).join(", ");
    const parked = rows.filter((row) => row.state === "parked");
    this.parked.hidden = !(parked.length + beyond.parked);
    if (this.parked.hidden) return;
    const due = Math.min(...[...parked, ...(beyond.due ? [beyond] : [])].map((row) => Date.parse(row.due)));
    the(this.parked, "b").textContent = `${parked.length + beyond.parked} ${say("parked")}`;
    the(this.parked, "span").textContent = say("next_back", { time: clockText(due, "", true) });
  }
}
