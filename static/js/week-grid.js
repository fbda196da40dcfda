/* <week-grid data-rows="id of a tbody">: the armed week as bars over its rows of plain fields, which stay what is sent.
   A row is tr[data-row] with a [name$=".day"] select and [name$=".from"], [name$=".to"] fields; tr[data-spare] is copied for a new one.
   The server draws days, dates, holidays, windows and what holds on special days (.day[data-day][data-kind][data-spill]).
   Keys on a bar: Enter begins and ends changing it, ← → move its beginning by 15 minutes, with Shift its end, ↑ ↓ its day, Escape
   takes that back; A adds hours after it, Delete removes it. */
import { above, all, as, byId, json, maybe, the } from "./dom.js";
import { addRow, fields, removeRow } from "./rows.js";

const DAY = 1440, STEP = 15, EDGE_PX = 8, WEEK = 7 * DAY;
/** Armed hours of one row of fields, in minutes: they begin within their day and last up to 24 hours.
 * @typedef {{row: HTMLElement, day: number, start: number, length: number}} Hours
 */

const snap = (/** @type {number} */ minutes) => Math.round(minutes / STEP) * STEP;
const clock = (/** @type {number} */ minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** @param {string} text @returns {number | null} */
function minutesOf(text) {
  const [, hours, minutes] = (/^(\d{1,2}):(\d{2})(?::00)?$/.exec(text) ?? []).map(Number);
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : null;
}

/** Which row each bar stands for.
 * @type {WeakMap<Element, HTMLElement>}
 */
const rowOf = new WeakMap();

/** The row of the bar that an event came from, or that is focused.
 * @param {EventTarget | null | undefined} bar
 */
const rowAt = (bar) => (bar instanceof Element ? rowOf.get(bar) : undefined);

/** The field of a row with the end of its name.
 * @param {HTMLElement} row
 * @param {string} name
 */
function fieldOf(row, name) {
  const field = fields(row).find((one) => one.name.endsWith(`.${name}`));
  if (!field) throw new Error(`the row has no ${name}`);
  return field;
}

export class WeekGrid extends HTMLElement {
  dragging = false;
  drawing = false;
  last = "";
  /** @type {{row: HTMLElement, before: Hours | null} | null} by keyboard; nothing was before a row that was added */
  editing = null;
  /** @type {Record<string, string>} */
  words = {};
  /** @type {string[]} */
  days = [];

  get rows() { return byId(this.dataset.rows ?? ""); }
  get said() { return the(this, "[role=status]"); }

  connectedCallback() {
    this.words = json(this.querySelector("script"));
    this.days = json(this.querySelector("script")).days;
    for (const drawn of this.querySelectorAll(".iv--plain")) drawn.remove();
    this.addEventListener("pointerdown", (event) => this.#press(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("click", (event) => { const add = above(event.target, ".day-add"); if (add) this.#add(Number(add.dataset.day)); });
    this.addEventListener("focusout", (event) => { if (!this.drawing && rowAt(event.relatedTarget) !== this.editing?.row) this.editing = null; });
    this.rows.addEventListener("input", () => this.draw());
    this.rows.addEventListener("rows", () => this.draw());
    this.draw();
  }

  /** The week's table as the server draws it now; what the hand is on stays.
   * @param {string} table
   */
  redrawn(table) {
    if (this.editing || this.dragging || table === this.last) return;
    this.last = table;
    const at = rowAt(document.activeElement), add = as(document.activeElement)?.dataset.day;
    the(this, "tbody").innerHTML = table;
    for (const drawn of this.querySelectorAll(".iv--plain")) drawn.remove();
    this.draw();
    if (at) this.#bar(at)?.focus(); else if (add) maybe(this, `.day-add[data-day="${add}"]`)?.focus();
  }

  // --- rows and hours

  /** @returns {Hours[]} */
  hours() {
    return all(this.rows, "tr[data-row]:not([data-spare])").flatMap((row) => {
      const [from, to] = ["from", "to"].map((name) => minutesOf(fieldOf(row, name).value));
      const day = Number(fieldOf(row, "day").value);
      if (from === null || to === null) return [];
      return [{ row, day, start: from, length: ((to - from + DAY - 1) % DAY) + 1 }];
    });
  }

  /** @param {HTMLElement} row */
  #of(row) { return this.hours().find((one) => one.row === row); }

  /** @param {HTMLElement} row @param {Omit<Hours, "row">} hours */
  #set(row, { day, start, length }) {
    const kept = Math.min(Math.max(length, STEP), DAY), begin = ((start % DAY) + DAY) % DAY;
    const values = { day: String(((day + Math.floor(start / DAY)) % 7 + 7) % 7), from: clock(begin), to: clock((begin + kept) % DAY) };
    for (const [name, value] of Object.entries(values)) fieldOf(row, name).value = value;
    row.dispatchEvent(new Event("input", { bubbles: true }));
    const bar = this.#bar(row);
    if (bar) this.#say(bar.getAttribute("aria-label") ?? "");
  }

  /** @param {number} day @param {Hours | null} after */
  #add(day, after = null) {
    const taken = this.hours().filter((one) => one.day === day).sort((a, b) => a.start - b.start);
    const before = after ?? taken.at(-1);
    /** @type {number | undefined} */
    let start = before ? before.start + before.length + 60 : 19 * 60;
    if (start > DAY - 60) start = [0, 6, 12, 18].map((hour) => hour * 60).find((from) => taken.every((one) => from + 60 <= one.start || from >= one.start + one.length));
    if (start === undefined) { this.#say(this.words.full); return; }
    const row = addRow(this.rows);
    this.#set(row, { day, start: snap(start), length: 60 });
    this.editing = { row, before: null };
    this.draw();
    this.#bar(row)?.focus();
  }

  /** @param {HTMLElement} row */
  #remove(row) {
    const bars = all(this, "button.iv"), place = bars.findIndex((bar) => rowAt(bar) === row);
    const next = rowAt(bars[place + 1] ?? bars[place - 1]), day = this.#of(row)?.day;
    this.editing = null;
    removeRow(row);
    this.#say(this.words.removed);
    (next ? this.#bar(next) : maybe(this, `.day-add[data-day="${day}"]`))?.focus();
  }

  // --- keyboard

  /** @param {KeyboardEvent} event */
  #key(event) {
    const row = rowAt(event.target), one = row && this.#of(row), editing = this.editing;
    if (!row || !one || event.ctrlKey || event.metaKey || event.altKey) return;
    const changing = editing?.row === row;
    const along = event.key === "ArrowLeft" ? -STEP : event.key === "ArrowRight" ? STEP : 0;
    const across = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (event.key === "Enter" || event.key === " ") {
      this.editing = changing ? null : { row, before: one };
      this.draw();
      this.#say(changing ? this.#named(one) : this.words.changing);
    } else if (event.key === "Escape" && changing) {
      const before = editing.before;
      this.editing = null;
      if (before) this.#set(row, before); else this.#remove(row);
    } else if (along && changing) {
      const by = Math.min(Math.max(along, event.shiftKey ? STEP - one.length : one.length - DAY), event.shiftKey ? DAY - one.length : one.length - STEP);
      this.#set(row, event.shiftKey ? { ...one, length: one.length + by } : { ...one, start: one.start + by, length: one.length - by });
    } else if (across && changing) this.#set(row, { ...one, day: one.day + across + 7 });
    else if (event.key.toLowerCase() === "a" || event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      if (event.key.toLowerCase() === "a") this.#add(one.day, one); else this.#remove(row);
      return;  // the hand is on another bar now
    } else return;
    event.preventDefault();
    this.#bar(row)?.focus();
  }

  // --- mouse and finger

  /** Minutes since the week's Monday of a place on the screen.
   * @param {PointerEvent} event
   */
  #at(event) {
    const days = all(this, ".day");
    const far = (/** @type {Element} */ day) => { const box = day.getBoundingClientRect(); return Math.max(box.top - event.clientY, event.clientY - box.bottom, 0); };
    const day = days.reduce((near, other) => (far(other) < far(near) ? other : near));
    const box = day.getBoundingClientRect();
    return Number(day.dataset.day) * DAY + Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * DAY;
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const bar = above(event.target, ".iv"), own = rowAt(bar), held = own && this.#of(own);
    if (event.button || !event.isPrimary || !above(event.target, ".day") || (bar && !held) || above(event.target, ".day-add, .win")) return;
    event.preventDefault();
    let row = own, changed = false;
    const from = this.#at(event);
    let side = "move";
    if (bar) {
      const box = bar.getBoundingClientRect(), inner = Math.min(EDGE_PX, box.width / 4);
      side = event.clientX < box.left + inner && !bar.matches(".iv--tail") ? "start" : event.clientX > box.right - inner && !bar.matches(".iv--head") ? "end" : "move";
      if (own) this.#bar(own)?.focus();
    }
    const move = (/** @type {PointerEvent} */ moved) => {
      const at = this.#at(moved);
      if (!changed && Math.abs(at - from) < STEP / 2) return;
      changed = this.dragging = true;
      if (!held) {
        const begin = snap(from), day = Math.min(Math.floor(begin / DAY), 6);
        row ??= addRow(this.rows);
        const [first, last] = [Math.min(begin, snap(at)), Math.max(begin, snap(at))];
        this.#set(row, { day, start: Math.max(first - day * DAY, 0), length: Math.min(last, (day + 1) * DAY) - Math.max(first, day * DAY) });
        return;
      }
      const { row: dragged } = held, begin = held.day * DAY + held.start, by = ((snap(at - from) % WEEK) + WEEK) % WEEK;
      const near = by > WEEK / 2 ? by - WEEK : by;
      if (side === "move") this.#set(dragged, { ...held, day: 0, start: (begin + near + WEEK) % WEEK });
      else if (side === "end") this.#set(dragged, { ...held, length: held.length + near });
      else { const kept = Math.min(Math.max(near, held.length - DAY), held.length - STEP); this.#set(dragged, { ...held, start: held.start + kept, length: held.length - kept }); }
    };
    const stop = new AbortController();
    const end = () => {
      stop.abort();
      this.dragging = false;
      if (row) this.#bar(row)?.focus();
    };
    addEventListener("pointermove", move, { signal: stop.signal });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end, { signal: stop.signal });
  }

  // --- what is seen

  draw() {
    const focused = rowAt(document.activeElement);
    this.drawing = true;  // a bar that is taken out while it has the focus is not left
    for (const bar of this.querySelectorAll(".iv[data-own]")) bar.remove();
    this.drawing = false;
    const days = new Map(all(this, ".day").map((day) => [Number(day.dataset.day), day]));
    const hours = this.hours();
    for (const one of hours) {
      const day = days.get(one.day), end = one.start + one.length;
      if (!day) continue;
      const plain = day.dataset.kind === "weekday";
      const over = hours.some((other) => other !== one && this.#meet(one, other));
      const bar = this.#part("button", one, one.start, Math.min(end, DAY), [...(end > DAY ? ["iv--head"] : []), ...(plain ? [] : ["iv--usual"]), ...(over ? ["iv--over"] : [])]);
      bar.setAttribute("type", "button");
      bar.setAttribute("aria-label", this.#named(one) + (over ? `. ${this.words.overlaps}` : "") + (plain ? "" : `. ${this.words.not_this_week}`));
      if (this.editing?.row === one.row) { bar.classList.add("iv--changing"); bar.setAttribute("aria-pressed", "true"); }
      day.append(bar);
      const next = days.get((one.day + 1) % 7);
      if (end > DAY && next?.dataset.spill === "1") {
        const tail = this.#part("span", one, 0, end - DAY, ["iv--tail", ...(over ? ["iv--over"] : [])]);
        tail.setAttribute("aria-hidden", "true");
        next.append(tail);
      }
    }
    if (focused) this.#bar(focused)?.focus({ preventScroll: true });
  }

  /** @param {"button" | "span"} tag @param {Hours} one @param {number} from @param {number} to @param {string[]} classes */
  #part(tag, one, from, to, classes) {
    const part = document.createElement(tag);
    part.className = ["iv", ...classes].join(" ");
    rowOf.set(part, one.row);
    part.dataset.own = "";
    part.style.left = `${100 * from / DAY}%`;
    part.style.width = `${100 * (to - from) / DAY}%`;
    const text = document.createElement("span");
    text.textContent = this.words.span.replace("{from}", clock(one.start)).replace("{to}", clock((one.start + one.length) % DAY || DAY));
    const armed = document.createElement("b");
    armed.textContent = this.words.armed;
    part.append(...(tag === "button" ? [armed, " ", text] : [text]));
    return part;
  }

  /** @param {Hours} one @param {Hours} other */
  #meet(one, other) {
    const [a, b] = [one, other].map((each) => each.day * DAY + each.start);
    return [-WEEK, 0, WEEK].some((shift) => a < b + shift + other.length && b + shift < a + one.length);
  }

  /** @param {Hours} one */
  #named(one) {
    const end = one.start + one.length, until = end > DAY ? (one.day + 1) % 7 : null;
    const words = until === null ? this.words.bar : this.words.bar_overnight;
    /** @type {Record<string, string>} */
    const values = { day: this.days[one.day], next: this.days[until ?? 0], from: clock(one.start), to: clock(end % DAY || DAY) };
    return words.replace(/{(\w+)}/g, (_, name) => values[name]);
  }

  /** @param {HTMLElement} row */
  #bar(row) { return all(this, "button.iv").find((bar) => rowAt(bar) === row); }
  /** @param {string} words */
  #say(words) { this.said.textContent = words; }
}

customElements.define("week-grid", WeekGrid);
