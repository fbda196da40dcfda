/* The desk: the open incident, fetched as HTML and exchanged part by part, so that nothing moves under the hand.
   A part is an element with [data-part]; it is exchanged only when the server renders it differently. */
import { all, as, byId, maybe, the } from "./dom.js";
import { failing, gone, loading } from "./instead.js";
import { clockText, fillTimes, now } from "./time.js";
import { announce, say, settings } from "./words.js";

const GAP_MS = 500;  // at most one fetch of the open incident in this time, or in twice what the last one took
const MOST_GAP_MS = 5000;
const PATIENCE_MS = 5000;  // so long at most an act without an answer holds up fetches
const ANYTHING = 0;  // a reason to fetch that is no event's id
const LOADING_MS = 200;
const AGAIN_MS = 300;  // a centre that stumbled is asked once more after this, or up to three times that: not by all pages at once
const bare = (/** @type {string} */ html) => html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");

/** The ids of the events that a pane has in it, as its answer says.
 * @param {Response} answer
 */
export const contained = (answer) => (answer.headers.get("X-Events") ?? "").split(" ").filter(Boolean).map(Number);

/** What was chosen in an open panel stays chosen: a later fetch does not know what an act's answer had filled in.
 * @param {Element} old
 * @param {Element} fresh
 */
function keepChoices(old, fresh) {
  for (const field of all(old, "input:checked", HTMLInputElement)) {
    const twin = all(fresh, "input", HTMLInputElement).find((one) => one.name === field.name && one.value === field.value);
    if (twin) twin.checked = true;
  }
}

export class Desk extends EventTarget {
  root = byId("desk");
  /** @type {Map<string, string>} how the server rendered each part last, but for its token */
  parts = new Map();
  alert = "";
  generation = 0;
  looking = false;  // this pane stays until its reader goes on
  waiting = 0;
  fetchedAt = -Infinity;
  tookMs = 0;
  asked = 0;  // fetches begun, and the number of the one whose answer is shown
  answered = 0;
  acting = 0;  // acts on their way, whose answers are the pane
  /** @type {Set<number>} events of which nothing shown has told yet, and ANYTHING: why to fetch */
  due = new Set();
  /** @type {Set<number>} events that what is shown has in it */
  seen = new Set();
  shownAt = now();  // when what is shown was asked for last

  constructor() {
    super();
    const pane = this.pane;
    this.id = pane?.dataset.id ?? "";
    if (pane) this.#learn(pane);
    fillTimes(this.root);
  }

  get pane() { return maybe(this.root, "#incident"); }
  get mine() { return this.pane?.dataset.mine === "yes"; }

  /** @param {string} id of an incident */
  url(id) { return settings.incident.replace("00000000-0000-0000-0000-000000000000", id); }

  /** Open an incident; the same one again is only refreshed.
   * @param {string} id
   */
  async open(id) {
    if (id === this.id && this.pane) { this.refresh(); return; }
    this.id = id;
    this.alert = "";
    this.parts.clear();
    this.#forget();
    this.#still();
    const slow = setTimeout(() => this.#loading(id), LOADING_MS);
    await this.#fetch();
    clearTimeout(slow);
  }

  /** What is left lies there until the next has come, and takes no key any more: that is meant for what comes. */
  #still() { if (this.pane) this.pane.inert = true; }

  /** Show the quiet desk. */
  async quiet() {
    this.id = "";
    this.parts.clear();
    this.#still();
    const answer = await this.#get(settings.quiet);
    if (this.id) return;
    if (!answer?.ok) { this.root.replaceChildren(loading()); return; }
    this.root.innerHTML = answer.html;
    fillTimes(this.root);
    document.title = `${say("console")} · Nightdesk`;
    this.dispatchEvent(new Event("quiet"));
  }

  /** Something may have happened to the open incident: fetch it, however often this is called, at most once per half second;
   * a centre that takes long to answer is asked less often. Acts on their way are waited for: they answer the pane. */
  refresh() { this.#want(ANYTHING); }

  /** The feed told of an event of the open incident: fetch it, unless what is shown has that event in it.
   * @param {number} event its id
   */
  hear(event) { if (!this.seen.has(event)) this.#want(event); }

  /** @param {number} why */
  #want(why) {
    this.due.add(why);
    this.#soon();
  }

  #soon() {
    if (this.waiting || this.acting || !this.id || !this.due.size) return;
    const since = performance.now() - this.fetchedAt, gap = Math.min(MOST_GAP_MS, Math.max(GAP_MS, 2 * this.tookMs));
    this.waiting = setTimeout(() => {
      this.waiting = 0;
      if (this.due.size && !this.acting) this.#fetch();
    }, Math.max(0, gap - since));
  }

  #forget() {
    this.due.clear();
    this.seen.clear();
  }

  /** An act goes out. Until it is over nothing is fetched beside it: call the answer with the events that its pane has in it,
   * once that is shown; without any where no pane came. What was told before the act went out, its answer has too.
   * @returns {(events: number[] | null) => void}
   */
  act() {
    const before = [...this.due], id = this.id;
    let held = true, late = false;
    this.acting += 1;
    const release = () => { if (held) this.acting -= 1; held = false; };
    const patience = setTimeout(() => { late = true; release(); this.#soon(); }, PATIENCE_MS);
    return (events) => {
      clearTimeout(patience);
      release();
      if (events && id === this.id) this.#learnt(before, events);
      if (late) this.due.add(ANYTHING);  // what was fetched meanwhile may be newer than what is shown now
      this.#soon();
    };
  }

  /** An act has answered: what was asked before it is out of date. */
  acted() { this.generation += 1; }

  /** @param {number[]} before why it was asked for @param {number[]} events that the answer has in it */
  #learnt(before, events) {
    for (const why of [...before, ...events]) this.due.delete(why);
    this.seen = new Set(events);
  }

  /** Where pictures of one alert were asked for, an answer shows them too.
   * @param {string} url
   */
  address(url) { return this.alert ? `${url}?alert=${this.alert}` : url; }

  /** @param {string} alert the one to show instead of the incident's newest */
  choose(alert) {
    this.alert = alert;
    this.due.add(ANYTHING);
    this.#fetch();
  }

  /** What the centre answers; where it stumbled or was not reached, what it answers to being asked once more.
   * @param {string} url
   */
  async #get(url) {
    const answer = await this.#ask(url);
    if (answer && answer.status < 500) return answer;
    await new Promise((again) => { setTimeout(again, AGAIN_MS * (1 + 2 * Math.random())); });
    return this.#ask(url);
  }

  /** The answer with all of its text: once it is looked at nothing more is waited for, so nothing can be left meanwhile.
   * @param {string} url
   */
  async #ask(url) {
    try {
      const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
      const { ok, status, redirected } = answer;
      return { ok, status, redirected, url: answer.url, events: contained(answer), html: await answer.text() };
    } catch {
      return null;  // no contact: the feed says so in the top bar and everything is fetched anew when it is back
    }
  }

  async #fetch() {
    const id = this.id, generation = this.generation;
    if (!id) return;  // left meanwhile
    this.fetchedAt = performance.now();
    const before = [...this.due], turn = this.asked += 1;
    const answer = await this.#get(this.address(this.url(id)));
    if (id !== this.id || turn < this.answered) return;  // of two on their way the later one is newer
    if (!answer || answer.status >= 500) { this.#failed(id); return; }
    this.tookMs = performance.now() - this.fetchedAt;
    if (generation !== this.generation) {  // an act's answer is newer, but for one of another incident
      if (this.pane?.dataset.id !== id) this.due.add(ANYTHING);
      this.#soon();
      return;
    }
    if (answer.redirected && answer.url.includes(settings.login)) { location.assign(`${settings.login}?ended=1&next=${encodeURIComponent(location.pathname)}`); return; }
    if (answer.status === 404) { this.#gone(); return; }
    if (!answer.ok) { this.#failed(id); return; }
    this.answered = turn;
    this.show(answer.html);
    this.#upToDate();
    this.#learnt(before, answer.events);
    this.#soon();
  }

  /** Asked twice, and in vain: it is asked for again with the next event of it, and now and then. What lies here says how old it is.
   * @param {string} id
   */
  #failed(id) {
    this.due.add(ANYTHING);
    if (this.pane?.dataset.id !== id) {
      if (!maybe(this.root, "[data-failing]")) this.root.replaceChildren(failing());
      return;
    }
    const place = maybe(this.root, ".bar [data-said]");
    if (!place || place.dataset.old) return;
    place.dataset.old = place.textContent = say("shown_old", { time: clockText(this.shownAt) });
    announce(place.textContent);
  }

  #upToDate() {
    const place = maybe(this.root, ".bar [data-said][data-old]");
    if (place?.textContent === place?.dataset.old) place?.replaceChildren();
    delete place?.dataset.old;
  }

  /** What was open is not this user's to see any more: the desk says so, and stays until its reader goes on. */
  #gone() {
    const id = this.id;
    this.id = "";
    this.parts.clear();
    this.root.replaceChildren(gone());
    document.title = `${say("console")} · Nightdesk`;
    announce(say("incident_gone"));
    this.dispatchEvent(new CustomEvent("gone", { detail: id }));
  }

  /** @param {string} id what was asked for: it may have come, or been left, meanwhile */
  #loading(id) {
    if (this.pane?.dataset.id === id || this.id !== id || maybe(this.root, "[data-failing]")) return;
    this.root.replaceChildren(loading());
  }

  /** Bring the desk to what the server rendered.
   * @param {string} html
   */
  show(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    const next = maybe(holder.content, "#incident");
    if (!next) return;
    const pane = this.pane;
    if (this.id !== next.dataset.id) this.#forget();
    if (!pane || pane.dataset.id !== next.dataset.id) {
      this.id = next.dataset.id ?? "";
      this.parts.clear();
      this.#learn(next);
      fillTimes(next);
      this.root.replaceChildren(next);
      this.dispatchEvent(new Event("opened"));
    } else {
      this.#exchange(pane, next);
    }
    this.shownAt = now();
    document.title = `${next.dataset.title} · Nightdesk`;
    const shown = the(this.root, "#incident"), wanted = shown.dataset.panelOpen;
    delete shown.dataset.panelOpen;
    if (wanted) this.panel(wanted);
    // On a narrow screen the line scrolls: what has just happened is in sight, with the stop before it.
    const line = maybe(this.root, ".line"), last = maybe(line, ".stop--now");
    if (line && last && line.scrollWidth > line.clientWidth) line.scrollLeft = last.offsetLeft - line.offsetLeft - 96;
    this.dispatchEvent(new Event("shown"));
  }

  /** @param {Element} pane */
  #learn(pane) {
    for (const part of all(pane, "[data-part]")) this.parts.set(part.dataset.part ?? "", bare(part.outerHTML));
  }

  /** @param {HTMLElement} pane @param {HTMLElement} next */
  #exchange(pane, next) {
    pane.inert = false;  // left and come back to
    for (const name of ["state", "mine", "offer", "title", "evidenceShown", "exercise"]) pane.dataset[name] = next.dataset[name] ?? "";
    if (next.dataset.panelOpen) pane.dataset.panelOpen = next.dataset.panelOpen;
    const fresh = all(next, "[data-part]");
    const names = new Set(fresh.map((part) => part.dataset.part));
    // A part that came or went (panels when an incident becomes mine) changes the frame around it: take the column whole.
    const had = all(pane, "[data-part]").map((part) => part.dataset.part);
    if (had.length !== names.size || had.some((name) => !names.has(name))) this.#column(pane, next);
    for (const part of fresh) this.#part(pane, part);
  }

  /** @param {HTMLElement} pane @param {HTMLElement} next */
  #column(pane, next) {
    const old = the(pane, ".do"), fresh = /** @type {HTMLElement} */ (the(next, ".do").cloneNode(true));
    this.#learn(fresh);
    fillTimes(fresh);
    // What somebody writes in goes on as it is: its field stays under the hand.
    const hand = document.activeElement, open = this.panelOpen;
    const kept = [open, maybe(old, '[data-part="note"]')].flatMap((form) => as(form, HTMLFormElement) ?? []).filter((form) => this.typing(form) || form.contains(hand));
    old.replaceWith(fresh);
    for (const form of kept) maybe(fresh, `[data-part="${form.dataset.part}"]`)?.replaceWith(form);
    if (open?.isConnected) fresh.dataset.open = open.dataset.panel;
    if (hand instanceof HTMLElement && hand !== document.activeElement && fresh.contains(hand)) hand.focus({ preventScroll: true });
  }

  /** @param {HTMLElement} pane @param {HTMLElement} part */
  #part(pane, part) {
    const name = part.dataset.part ?? "", html = bare(part.outerHTML);
    if (this.parts.get(name) === html) return;
    const old = maybe(pane, `[data-part="${name}"]`);
    if (!old) return;
    const open = old.dataset.panel && !old.hidden;
    if (open && old instanceof HTMLFormElement && this.typing(old)) return;  // half-written: exchanged when the panel is left
    this.parts.set(name, html);
    const fresh = /** @type {HTMLElement} */ (part.cloneNode(true)), focus = this.#focus(old);
    if (open) { fresh.hidden = false; keepChoices(old, fresh); }
    fillTimes(fresh);
    old.replaceWith(fresh);
    if (focus) maybe(fresh, focus)?.focus({ preventScroll: true });
  }

  /** How to find the focused control again in a part that is exchanged.
   * @param {Element} part
   */
  #focus(part) {
    const active = document.activeElement;
    if (!(active instanceof HTMLElement) || !part.contains(active)) return "";
    if (active.id) return `#${active.id}`;
    return active.dataset.key ? `[data-key="${active.dataset.key}"]` : "";
  }

  /** Whether somebody has begun to fill this form.
   * @param {HTMLFormElement} form
   */
  typing(form) {
    return [...form.elements].some((field) => {
      if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
      if (!(field instanceof HTMLInputElement) || field.type === "hidden") return false;
      return field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
    });
  }

  // --- panels: in place of the next step, one at a time

  get panelOpen() { return maybe(this.root, ".panel:not([hidden])", HTMLFormElement); }

  /** @param {string} name */
  panel(name) {
    const panel = maybe(this.root, `#panel-${name}`);
    if (!panel) return;
    this.closePanel();
    panel.hidden = false;
    const column = the(this.root, ".do");
    column.dataset.open = name;
    the(column, ".scroll").scrollTop = 0;
    this.#expanded(name, true);
    // Never on a choice: Enter must not take the first of them by chance.
    (maybe(panel, "input.input") ?? maybe(panel, "[tabindex='-1']"))?.focus({ preventScroll: true });
    // Where the page scrolls, on a phone or at twice the size, it opens below the picture: whoever asked for it is brought there.
    if (innerWidth < 1200) panel.scrollIntoView({ block: "start" });
  }

  closePanel() {
    const panel = this.panelOpen;
    if (!panel) return;
    panel.hidden = true;
    panel.reset();
    the(panel, ".said").textContent = "";
    this.#expanded(panel.dataset.panel ?? "", false);
    delete the(this.root, ".do").dataset.open;
    const hand = document.activeElement;
    if (hand instanceof HTMLElement && panel.contains(hand)) hand.blur();
    this.parts.delete(panel.dataset.part ?? "");
    this.dispatchEvent(new Event("left"));
    this.refresh();
  }

  /** @param {string} name @param {boolean} open */
  #expanded(name, open) {
    for (const opener of this.root.querySelectorAll(`[data-opens="${name}"]`)) opener.setAttribute("aria-expanded", String(open));
  }
}
