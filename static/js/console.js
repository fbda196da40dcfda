/* The console: the feed moves the strip, the strip decides what lies on the desk, keys press what shows them. */
import "./card.js";
import "./response-clock.js";
import "./site-plan.js";
import { post, send, tell } from "./acts.js";
import { brightInSight } from "./bright.js";
import { Desk } from "./desk.js";
import { above, all, as, byId, maybe, the } from "./dom.js";
import { drafting } from "./draft.js";
import { EvidenceLoop } from "./evidence-loop.js";
import { Feed } from "./feed.js";
import { Hold } from "./hold.js";
import { showOwn } from "./keymap.js";
import { listen, pushed, typing } from "./keys.js";
import { Palette } from "./palette.js";
import { choosing } from "./panels.js";
import { Presence } from "./presence.js";
import { See } from "./see.js";
import { Shift } from "./shift.js";
import { soundControl } from "./sound-control.js";
import { Sound } from "./sound.js";
import { Strip } from "./strip.js";
import { clockText, fillTimes, now, span } from "./time.js";
import { undoing } from "./undo.js";
import { announce, say, settings } from "./words.js";

const desk = new Desk(), strip = new Strip(), sound = new Sound(), hold = new Hold();
const feed = new Feed("/ws/feed"), see = new See(desk);
const shift = new Shift(desk, sound, () => { soundState(); desk.root.querySelector("[data-quiet]")?.remove(); feed.resync(); });
const presence = new Presence({ tell: () => feed.ping(), sound: () => sound.burst(2) });
feed.said = () => presence.said(desk.id);
/** @type {{painted: Set<string>, shown: Set<string>}} */
const told = { painted: new Set(), shown: new Set() };
const loopHere = () => maybe(desk.root, "evidence-loop", EvidenceLoop);
const onShift = () => document.body.dataset.shift === "on";
// Who came by the address of an incident that nobody is to claim came to look at it.
const first = desk.pane?.dataset;
desk.looking = first !== undefined && first.mine !== "yes" && first.state !== "open";

/** Tell the centre when something was on this screen, by its clock.
 * @param {string} id
 * @param {"painted" | "evidence-shown"} what
 * @param {number} at
 */
function report(id, what, at) {
  const form = new FormData();
  form.set("csrfmiddlewaretoken", document.body.dataset.csrf ?? "");
  form.set("at", new Date(at).toISOString());
  return post(`${desk.url(id)}${what}/`, form);
}

/** What the feed tells of that kind.
 * @template T
 * @param {string} kind
 * @param {(detail: T) => void} act
 */
function heard(kind, act) {
  feed.addEventListener(kind, (event) => act(/** @type {CustomEvent<T>} */ (event).detail));
}

// --- what lies on the desk: pushed, not picked

/* It changes by a key of mine, or by what is pushed onto a desk that waits for it; never under a finger. What I hold stays, and what
   I look at. What I opened by a key stays until I go on, whatever becomes of it: while I hold something nothing takes its place, and
   else only what came since, if it is more urgent or the offer is over. An offer that opened by itself stays unless a more urgent one
   may be claimed. */

/** @typedef {import("./feed.js").Row} Row */
/** What I opened by a key, and what was mine or offered then: I have passed it over. A page that came with its own address names it.
 * @type {{id: string, over: Set<string>}}
 */
let picked = { id: "", over: new Set(maybe(desk.root, "[data-over]")?.dataset.over?.split(" ") ?? []) };
const ring = () => [...strip.mine(), ...(onShift() ? strip.claimable() : [])].map((row) => row.incident);
const pick = (/** @type {string} */ id) => { picked = { id, over: new Set(ring()) }; };

/** Whether what lies on the desk stays there.
 * @param {Row[]} mine @param {Row[]} claimable
 */
function stays(mine, claimable) {
  const { id, pane } = desk, urgent = claimable[0]?.priority === 1;
  if (!id && maybe(desk.root, "[data-gone]")) return !urgent;
  // A page that I opened beside what I hold; one on a desk without any gives way, and keeps what was begun on it.
  if (!id) return maybe(desk.root, "[data-shift-page]") !== null && mine.length > 0 && mine.every((row) => picked.over.has(row.incident));
  // An exercise that was just revealed is read at leisure, but for what is urgent.
  if (desk.looking && !(pane?.dataset.exercise && urgent)) return true;
  if (mine.some((row) => row.incident === id) || (pane?.dataset.id === id && pane.dataset.mine === "yes")) return true;
  const offer = claimable.find((row) => row.incident === id);
  if (picked.id === id) return mine.length > 0 || !claimable.some((row) => !picked.over.has(row.incident) && row.priority < (offer?.priority ?? Infinity));
  return offer !== undefined && claimable[0].priority >= offer.priority && !mine.length;
}

/** Where nothing stays: what I hold opens by itself, else the next offer; else it is quiet. */
function settle() {
  strip.open(desk.id);
  sound.want(strip.loudest(onShift()));
  const mine = strip.mine(), claimable = onShift() ? strip.claimable() : [];
  if (stays(mine, claimable)) return;
  const next = mine[0] ?? claimable[0];
  if (next || desk.id) pushed();
  if (next) open(next.incident);
  else if (desk.id || !desk.root.querySelector("[data-quiet]")) { desk.quiet(); strip.open(""); }
}

/** @param {string} id */
function open(id) {
  desk.looking = false;
  picked.id = "";
  desk.open(id);
  strip.open(id);
}

/** Another of mine, or what is offered next; back to mine at the end. */
function next() {
  const ids = ring(), id = ids[(ids.indexOf(desk.id) + 1) % ids.length];
  if (!id) { leave(); return; }
  open(id);
  pick(id);
}

function leave() {
  desk.looking = false;
  picked.id = "";
  desk.pane?.remove();
  maybe(desk.root, "[data-gone], [data-failing], [data-shift-page]")?.remove();
  desk.id = "";
  settle();
}

heard("snapshot", (/** @type {import("./feed.js").Snapshot} */ detail) => {
  document.body.dataset.shift = detail.shift ? "on" : "off";
  strip.replace(detail.rows, detail.beyond);
  storms(detail.storm);
  painted();
  if (desk.id) desk.refresh();
  settle();
});

const TAKEN = new Set(["incident.taken_over", "incident.reassigned", "incident.left_lying"]);
heard("event", (/** @type {import("./feed.js").Pushed} */ event) => {
  if (event.stale) { feed.resync(); return; }
  if (event.desk) shift.look();
  if (!event.incident) return;
  const before = strip.update(event);
  painted();
  if (event.incident === desk.id) desk.hear(event.id);
  // Taken from my hands: it stays in sight, with who has it, until I go on.
  if (event.incident === desk.id && before?.owner === settings.me && TAKEN.has(event.kind)) desk.looking = true;
  if (event.kind === "incident.reassigned" && event.owner === settings.me) { sound.burst(event.priority); announce(say("reassigned", event), true); }
  if (event.owner === settings.me && ["incident.sounded", "incident.due", "attempt.exhausted"].includes(event.kind)) sound.burst(event.priority);
  if (event.owner === settings.me && event.kind === "attempt.exhausted") announce(say("exhausted", event), true);
  const unseen = !before && (!strip.beyond || event.kind === "incident.opened");
  const forMe = event.offered_to === settings.me && before?.offered_to !== settings.me;
  if (event.state === "open" && (forMe || unseen)) announce(say(forMe ? "offered" : "new_incident", event), event.priority === 1);
  settle();
});

/** The banner of storm mode, which goes when its end has come.
 * @param {string} [html] as it is from now on
 */
function storms(html) {
  const place = byId("storm");
  if (html !== undefined && place.dataset.html !== html) { place.innerHTML = place.dataset.html = html; fillTimes(place); }
  for (const time of all(place, "time[data-ends]")) if (Date.parse(time.dataset.iso ?? "") <= now()) above(time, ".storm")?.remove();
}
feed.addEventListener("tick", () => storms());
fillTimes(byId("storm"));

/** Whether an incident can be seen here now: on the desk, or as a row that the strip has room for. */
const inSight = (/** @type {string} */ id) => desk.pane?.dataset.id === id || strip.shows(id);

/** An offered incident is on the screen once two frames have been drawn with it in sight. */
function painted() {
  if (!onShift()) return;
  for (const { incident: id, painted: known } of strip.claimable()) {
    if (known || told.painted.has(id) || !inSight(id)) continue;
    told.painted.add(id);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (inSight(id)) report(id, "painted", now()); else told.painted.delete(id);
    }));
  }
}
strip.onshown = painted;  // a row that had no room, once it has
desk.addEventListener("opened", painted);

desk.root.addEventListener("shown", () => {
  if (told.shown.has(desk.id) || desk.pane?.dataset.evidenceShown === "yes") return;
  if (desk.pane?.dataset.mine !== "yes" && desk.pane?.dataset.offer !== "yes") return;
  told.shown.add(desk.id);
  report(desk.id, "evidence-shown", now());
});

// --- contact

feed.addEventListener("lost", () => { stale(); announce(say("lost_feed"), true); });
feed.addEventListener("tick", () => { if (feed.lost) stale(); });
feed.addEventListener("back", () => {
  still = false;  // the next beat tells
  byId("stale").hidden = true;
  byId("top").hidden = false;
  announce(say("found_feed"));
  loopHere()?.again();
  if (desk.id) desk.refresh();
});
feed.addEventListener("forbidden", () => location.reload());

// Who else looks is told by no event: it is asked for now and then, by each page at a moment of its own.
const ASK_AGAIN_MS = 20_000;
setInterval(() => { if (!desk.id) settle(); else if (!document.hidden) desk.refresh(); }, ASK_AGAIN_MS * (1 + Math.random() / 4));
for (const kind of ["snapshot", "beat"]) heard(kind, pulse);
heard("beat", () => { if (strip.thin) feed.resync(); });

const LAG_S = 5;
let still = false;

/** How the spine stands, as the centre says: what it does not write down, this page does not show.
 * @param {import("./feed.js").Pulse} told
 */
function pulse({ lag_s: lag = 0, stuck = 0 }) {
  const bar = byId("stale"), caution = byId("stuck"), words = stuck ? say(stuck === 1 ? "stuck_one" : "stuck", { n: stuck }) : "";
  if (caution.textContent !== words) caution.textContent = words;
  caution.hidden = !stuck;
  if (lag > LAG_S) {
    the(bar, "b").textContent = say("stands_still", { time: clockText(now() - lag * 1000) });
    the(bar, ".more").textContent = say("stands_still_more");
  }
  if (still === lag > LAG_S) return;
  still = lag > LAG_S;
  bar.hidden = !still;
  byId("top").hidden = still;
  if (still) announce(the(bar, "b").textContent ?? "", true);
}

function stale() {
  const bar = byId("stale");
  the(bar, "b").textContent = say("no_contact", { time: clockText(feed.heardClock) });
  the(bar, ".more").textContent = say("reconnecting", { n: Math.max(1, feed.tries) });
  bar.hidden = false;
  byId("top").hidden = true;
}

setInterval(() => {
  for (const clock of all(document, ".now")) clock.textContent = clockText(now());
  for (const clock of all(document, "[data-local]")) clock.textContent = clockText(now(), clock.dataset.local, true);
  the(byId("feed-age"), ":scope > :last-child").textContent = say("feed", { age: feed.age.toFixed(1) });
}, 500);

// --- sound

const soundState = soundControl(sound, () => onShift() || strip.picks);

// --- acts

document.addEventListener("submit", (event) => {
  const form = as(event.target, HTMLFormElement), button = /** @type {import("./acts.js").Button | null} */ (event.submitter);
  if (form?.matches("[data-shift-form]")) { event.preventDefault(); shift.send(form, button); }
  if (!form?.matches("[data-act]")) return;
  event.preventDefault();
  if (button?.getAttribute("aria-disabled") === "true") { tell(desk, form, button.dataset.why ?? ""); return; }
  send(desk, form, button);
});

// After an act the incident may be over for me: go on to what is next. A claimed one shows its first step.
desk.addEventListener("done", (event) => {
  const { form } = /** @type {CustomEvent<{form: HTMLFormElement}>} */ (event).detail;
  if (form.hasAttribute("data-stays")) return;
  const { state, exercise, title } = desk.pane?.dataset ?? {};
  if (exercise) return;
  if (state === "closed" || state === "parked" || state === "open") {
    if (state === "closed") announce(say("closed", { title }));
    leave();
  }
});
desk.addEventListener("gone", (event) => { strip.forget(/** @type {CustomEvent<string>} */ (event).detail); strip.open(""); });
desk.addEventListener("shown", clipControls);
// It may be found to be mine no longer after what comes next was offered: that is not to wait for another event. An act's own
// end, which is told of in the same turn, goes first; what was opened by hand stays.
desk.addEventListener("shown", () => queueMicrotask(() => {
  const claimable = strip.claimable(), here = claimable.some((row) => row.incident === desk.id);
  if (desk.pane && desk.pane.dataset.mine !== "yes" && !here && claimable.length && !strip.mine().length) settle();
}));
desk.addEventListener("shown", () => {
  if (!desk.pane?.dataset.exercise || desk.looking) return;
  desk.looking = true;
  announce(say("exercise"));
});
fillTimes(byId("top"));

// --- what is pressed

/** @type {Record<string, (button: HTMLElement) => void>} */
const deeds = {
  boxes: () => loopHere()?.toggleBoxes(),
  pause: () => loopHere()?.togglePause(),
  view: () => loopHere()?.nextView(),
  live: () => see.live(),
  evidence: () => see.evidence(),
  camera: (button) => see.camera(button),
  compare: (button) => see.compare(button),
  tones: () => shift.tones(),
  microphone: (button) => shift.microphone(button),
  next, leave,
  again: () => desk.refresh(),
};

/** @param {HTMLElement} control */
function press(control) {
  if (control.matches("textarea")) { control.focus(); return; }
  if (control instanceof HTMLInputElement && control.type === "radio") { control.checked = true; control.dispatchEvent(new Event("change", { bubbles: true })); return; }
  control.click();
}

document.addEventListener("click", (event) => {
  const control = above(event.target, "button, a");
  if (!control) return;
  const submits = control instanceof HTMLButtonElement && control.type === "submit";
  if (!submits && control.getAttribute("aria-disabled") === "true") { tell(desk, null, control.dataset.why ?? ""); return; }
  const { opens, focus, alert } = control.dataset;
  if (control.id === "retry") feed.connect();
  else if (control.dataset.do) deeds[control.dataset.do]?.(control);
  else if (opens === "palette") palette.open();
  else if (opens === "keys") { byId("keys").hidden = !byId("keys").hidden; control.setAttribute("aria-expanded", String(!byId("keys").hidden)); }
  else if (opens) { if (desk.panelOpen?.dataset.panel === opens) desk.closePanel(); else desk.panel(opens); }
  else if (focus) document.getElementById(focus)?.focus();
  else if (alert) { event.preventDefault(); desk.choose(alert); }
  else if (control.matches("a[data-shift-open]")) { event.preventDefault(); sound.unlock(); pick(""); shift.open(control.getAttribute("href") ?? ""); }
  else if (control.matches(".q-in[href]")) { event.preventDefault(); open(above(control, ".q")?.dataset.incident ?? ""); desk.looking = true; }
});

/** @param {HTMLElement} control */
function holdStart(control) {
  const { opens } = control.dataset;
  if (opens && control.matches("[data-hold-opens]") && desk.panelOpen?.dataset.panel !== opens) desk.panel(opens);
  const button = control.matches("[data-hold]") ? as(control, HTMLButtonElement) : maybe(desk.panelOpen, "[data-hold]", HTMLButtonElement);
  if (button) hold.start(button, () => { if (button.form) send(desk, button.form, null); });
}

drafting(desk);
brightInSight(desk);
undoing(desk);
choosing(desk);
showOwn(document.body);
const palette = new Palette(press);
listen({
  press,
  holdStart,
  holdEnd: () => hold.stop(),
  escape: () => {
    if (palette.isOpen) palette.close();
    else if (typing()) as(document.activeElement)?.blur();
    else if (desk.panelOpen) desk.closePanel();
    else byId("keys").hidden = true;
  },
});
desk.root.addEventListener("pointerdown", (event) => { const button = above(event.target, "[data-hold]"); if (button) holdStart(button); });
for (const end of ["pointerup", "pointercancel", "pointerleave"]) document.addEventListener(end, () => hold.stop());

// --- the clip's rail

/** @param {boolean} paused */
function pauseState(paused) {
  const button = maybe(desk.root, '.scrub [data-do="pause"]');
  button?.querySelector("use")?.setAttribute("href", paused ? "#i-play" : "#i-pause");
  const name = maybe(button, ".sr");
  if (name) name.textContent = say(paused ? "play" : "pause");
}

function clipControls() {
  const loop = loopHere();
  if (!loop || !maybe(desk.root, ".scrub") || loop.onposition) return;
  if (loop.video && !loop.video.autoplay) pauseState(true);
  loop.onposition = (at, whole) => {
    const rail = maybe(desk.root, '[data-do="seek"]', HTMLInputElement);
    if (!rail || rail.dataset.dragged) return;
    rail.value = String(Math.round((at / whole) * 1000));
    rail.style.setProperty("--at", `${(at / whole) * 100}%`);
    const position = desk.root.querySelector("[data-position]");
    if (position) position.textContent = `${span(at * 1000)} / ${span(whole * 1000)}`;
  };
}
desk.root.addEventListener("input", ({ target }) => {
  const video = loopHere()?.video, rail = as(target, HTMLInputElement);
  if (rail?.dataset.do === "seek" && video?.duration) video.currentTime = (Number(rail.value) / 1000) * video.duration;
});
desk.root.addEventListener("playing-changed", () => {
  const video = loopHere()?.video;
  if (video) pauseState(video.paused);
}, true);
clipControls();
