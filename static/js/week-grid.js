/* <week-grid data-rows="id of a tbody">: the armed week as bars over its rows of plain fields, which stay what is sent.
   A row is tr[data-row] with a [name$=".day"] select and [name$=".from"], [name$=".to"] fields; tr[data-spare] is copied for a new one.
   The server draws days, dates, holidays, windows and what holds on special days (.day[data-day][data-kind][data-spill]).
   Keys on a bar: Enter begins and ends changing it, ← → move its beginning by 15 minutes, with Shift its end, ↑ ↓ its day, Escape
   takes that back; A adds hours after it, Delete removes it. */
import { addRow, removeRow } from "./rows.js";

const DAY = 1440, STEP = 15, EDGE_PX = 8, WEEK = 7 * DAY;
const snap = (minutes) => Math.round(minutes / STEP) * STEP;
const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

function minutesOf(text) {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})(?::00)?$/.exec(text) ?? [];
  return hours < 24 && minutes < 60 ? Number(hours) * 60 + Number(minutes) : null;
}

customElements.define("week-grid", class extends HTMLElement {
  connectedCallback() {
    this.rows = document.getElementById(this.dataset.rows);
    this.words = JSON.parse(this.querySelector("script").textContent);
    this.editing = null;  // {row, before}: by keyboard
    this.said = this.querySelector("[role=status]");
    for (const drawn of this.querySelectorAll(".iv--plain")) drawn.remove();
    this.addEventListener("pointerdown", (event) => this.#press(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("click", (event) => { const add = event.target.closest(".day-add"); if (add) this.#add(Number(add.dataset.day)); });
    this.addEventListener("focusout", (event) => { if (!this.drawing && event.relatedTarget?.row !== this.editing?.row) this.editing = null; });
    this.rows.addEventListener("input", () => this.draw());
    this.rows.addEventListener("rows", () => this.draw());
    this.draw();
  }

  /** The week's table as the server draws it now; what the hand is on stays. */
  redrawn(table) {
    if (this.editing || this.dragging || table === this.last) return;
    this.last = table;
    const at = document.activeElement?.row, add = document.activeElement?.dataset.day;
    this.querySelector("tbody").innerHTML = table;
    for (const drawn of this.querySelectorAll(".iv--plain")) drawn.remove();
    this.draw();
    if (at) this.#bar(at)?.focus(); else if (add) this.querySelector(`.day-add[data-day="${add}"]`)?.focus();
  }

  // --- rows and hours: {row, day, start, length} in minutes; start within its day, length up to 24 hours

  hours() {
    return [...this.rows.querySelectorAll("tr[data-row]:not([data-spare])")].flatMap((row) => {
      const [from, to] = ["from", "to"].map((name) => minutesOf(row.querySelector(`[name$=".${name}"]`).value));
      const day = Number(row.querySelector('[name$=".day"]').value);
      if (from === null || to === null) return [];
      return [{ row, day, start: from, length: ((to - from + DAY - 1) % DAY) + 1 }];
    });
  }

  #of(row) { return this.hours().find((one) => one.row === row); }

  #set(row, { day, start, length }) {
    const kept = Math.min(Math.max(length, STEP), DAY), begin = ((start % DAY) + DAY) % DAY;
    const values = { day: String(((day + Math.floor(start / DAY)) % 7 + 7) % 7), from: clock(begin), to: clock((begin + kept) % DAY) };
    for (const [name, value] of Object.entries(values)) row.querySelector(`[name$=".${name}"]`).value = value;
    row.dispatchEvent(new Event("input", { bubbles: true }));
    const bar = this.#bar(row);
    if (bar) this.#say(bar.getAttribute("aria-label"));
  }

  #add(day, after = null) {
    const taken = this.hours().filter((one) => one.day === day).sort((a, b) => a.start - b.start);
    let start = after ? after.start + after.length + 60 : taken.length ? taken.at(-1).start + taken.at(-1).length + 60 : 19 * 60;
    if (start > DAY - 60) start = [0, 6, 12, 18].map((hour) => hour * 60).find((from) => taken.every((one) => from + 60 <= one.start || from >= one.start + one.length));
    if (start === undefined) { this.#say(this.words.full); return; }
    const row = addRow(this.rows);
    this.#set(row, { day, start: snap(start), length: 60 });
    this.editing = { row, before: null };
    this.draw();
    this.#bar(row).focus();
  }

  #remove(row) {
    const bars = [...this.querySelectorAll("button.iv")], place = bars.findIndex((bar) => bar.row === row);
    const next = bars[place + 1] ?? bars[place - 1], day = this.#of(row)?.day;
    this.editing = null;
    removeRow(row);
    this.#say(this.words.removed);
    (next ? this.#bar(next.row) : this.querySelector(`.day-add[data-day="${day}"]`))?.focus();
  }

  // --- keyboard

  #key(event) {
    const row = event.target.row;
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const one = this.#of(row), changing = this.editing?.row === row;
    const along = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key], across = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      this.editing = changing ? null : { row, before: one };
      this.draw();
      this.#say(changing ? this.#named(one) : this.words.changing);
    } else if (event.key === "Escape" && changing) {
      const before = this.editing.before;
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

  /** Minutes since the week's Monday of a place on the screen. */
  #at(event) {
    const days = [...this.querySelectorAll(".day")];
    const far = (day) => { const box = day.getBoundingClientRect(); return Math.max(box.top - event.clientY, event.clientY - box.bottom, 0); };
    const day = days.reduce((near, other) => (far(other) < far(near) ? other : near));
    const box = day.getBoundingClientRect();
    return Number(day.dataset.day) * DAY + Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * DAY;
  }

  #press(event) {
    const bar = event.target.closest(".iv"), day = event.target.closest(".day");
    if (event.button || !event.isPrimary || !day || (bar && !bar.row) || event.target.closest(".day-add, .win")) return;
    event.preventDefault();
    let row = bar?.row ?? null, held = row && this.#of(row), changed = false;
    const from = this.#at(event);
    let side = "new";
    if (bar) {
      const box = bar.getBoundingClientRect(), inner = Math.min(EDGE_PX, box.width / 4);
      side = event.clientX < box.left + inner && !bar.matches(".iv--tail") ? "start" : event.clientX > box.right - inner && !bar.matches(".iv--head") ? "end" : "move";
      this.#bar(row)?.focus();
    }
    const move = (moved) => {
      const at = this.#at(moved);
      if (!changed && Math.abs(at - from) < STEP / 2) return;
      changed = this.dragging = true;
      if (side === "new") {
        const begin = snap(from), day = Math.min(Math.floor(begin / DAY), 6);
        if (!row) row = addRow(this.rows);
        const [first, last] = [Math.min(begin, snap(at)), Math.max(begin, snap(at))];
        this.#set(row, { day, start: Math.max(first - day * DAY, 0), length: Math.min(last, (day + 1) * DAY) - Math.max(first, day * DAY) });
        return;
      }
      const begin = held.day * DAY + held.start, by = ((snap(at - from) % WEEK) + WEEK) % WEEK;
      const near = by > WEEK / 2 ? by - WEEK : by;
      if (side === "move") this.#set(row, { ...held, day: 0, start: (begin + near + WEEK) % WEEK });
      else if (side === "end") this.#set(row, { ...held, length: held.length + near });
      else { const kept = Math.min(Math.max(near, held.length - DAY), held.length - STEP); this.#set(row, { ...held, start: held.start + kept, length: held.length - kept }); }
    };
    const end = () => {
      for (const [name, act] of Object.entries(acts)) removeEventListener(name, act);
      this.dragging = false;
      if (row) this.#bar(row)?.focus();
    };
    const acts = { pointermove: move, pointerup: end, pointercancel: end };
    for (const [name, act] of Object.entries(acts)) addEventListener(name, act);
  }

  // --- what is seen

  draw() {
    const focused = document.activeElement?.row;
    this.drawing = true;  // a bar that is taken out while it has the focus is not left
    for (const bar of this.querySelectorAll(".iv[data-own]")) bar.remove();
    this.drawing = false;
    const days = new Map([...this.querySelectorAll(".day")].map((day) => [Number(day.dataset.day), day]));
    const all = this.hours();
    for (const one of all) {
      const day = days.get(one.day), end = one.start + one.length, plain = day.dataset.kind === "weekday";
      const over = all.some((other) => other !== one && this.#meet(one, other));
      const bar = this.#part("button", one, one.start, Math.min(end, DAY), [...(end > DAY ? ["iv--head"] : []), ...(plain ? [] : ["iv--usual"]), ...(over ? ["iv--over"] : [])]);
      bar.type = "button";
      bar.setAttribute("aria-label", this.#named(one) + (over ? `. ${this.words.overlaps}` : "") + (plain ? "" : `. ${this.words.not_this_week}`));
      if (this.editing?.row === one.row) { bar.classList.add("iv--changing"); bar.setAttribute("aria-pressed", "true"); }
      day.append(bar);
      const next = days.get((one.day + 1) % 7);
      if (end > DAY && next.dataset.spill === "1") {
        const tail = this.#part("span", one, 0, end - DAY, ["iv--tail", ...(over ? ["iv--over"] : [])]);
        tail.setAttribute("aria-hidden", "true");
        next.append(tail);
      }
    }
    if (focused) this.#bar(focused)?.focus({ preventScroll: true });
  }

  #part(tag, one, from, to, classes) {
    const part = document.createElement(tag);
    part.className = ["iv", ...classes].join(" ");
    part.row = one.row;
    part.dataset.own = "";
    part.style.left = `${100 * from / DAY}%`;
    part.style.width = `${100 * (to - from) / DAY}%`;
    const text = document.createElement("span");
    text.textContent = this.words.span.replace("{from}", clock(one.start)).replace("{to}", clock((one.start + one.length) % DAY || DAY));
    const armed = document.createElement("b");
    armed.textContent = this.words.armed;
    part.append(...(tag === "button" ? [armed, text] : [text]));
    return part;
  }

  #meet(one, other) {
    const [a, b] = [one, other].map((each) => each.day * DAY + each.start);
    return [-WEEK, 0, WEEK].some((shift) => a < b + shift + other.length && b + shift < a + one.length);
  }

  #named(one) {
    const end = one.start + one.length, until = end > DAY ? (one.day + 1) % 7 : null;
    const words = until === null ? this.words.bar : this.words.bar_overnight;
    const values = { day: this.words.days[one.day], next: this.words.days[until ?? 0], from: clock(one.start), to: clock(end % DAY || DAY) };
    return words.replace(/{(\w+)}/g, (_, name) => values[name]);
  }

  #bar(row) { return [...this.querySelectorAll("button.iv")].find((bar) => bar.row === row); }
  #say(words) { this.said.textContent = words; }
});
