/* A silent watch: the incident as its operator has it, part by part anew with every event; pictures may be chosen, nothing done. */
import "./response-clock.js";
import { Bell } from "./bell.js";
import { Desk } from "./desk.js";
import { above, all, as, byId, maybe, the } from "./dom.js";
import { hearEscalated } from "./escalated.js";
import { EvidenceLoop } from "./evidence-loop.js";
import { listen } from "./keys.js";
import { See } from "./see.js";
import { clockText, now, span } from "./time.js";
import { settings } from "./words.js";

const desk = new Desk(), see = new See(desk);
const bell = new Bell({ login: settings.login, open: desk.id, silent: true });
const loop = () => maybe(desk.root, "evidence-loop", EvidenceLoop);

/** @type {Record<string, (button: HTMLElement) => void>} */
const deeds = {
  boxes: () => loop()?.toggleBoxes(),
  pause: () => loop()?.togglePause(),
  view: () => loop()?.nextView(),
  live: () => see.live(),
  evidence: () => see.evidence(),
  camera: (button) => see.camera(button),
  compare: (button) => see.compare(button),
};

document.addEventListener("click", (event) => {
  const control = above(event.target, "button, a");
  if (!control) return;
  const { alert } = control.dataset;
  if (control.dataset.do) deeds[control.dataset.do]?.(control);
  else if (alert) { event.preventDefault(); desk.choose(alert); }
});
listen({ press: (control) => control.click(), holdStart: () => {}, holdEnd: () => {}, escape: () => maybe(document, '.watch-bar [data-key="Esc"]')?.click() });

function position() {
  const here = loop();
  if (!here || here.onposition) return;
  here.onposition = (at, whole) => {
    const rail = maybe(desk.root, '[data-do="seek"]', HTMLInputElement), words = maybe(desk.root, "[data-position]");
    if (rail) rail.value = String(Math.round((at / whole) * 1000));
    if (words) words.textContent = `${span(at * 1000)} / ${span(whole * 1000)}`;
  };
}
desk.root.addEventListener("input", ({ target }) => {
  const video = loop()?.video, rail = as(target, HTMLInputElement);
  if (rail?.dataset.do === "seek" && video?.duration) video.currentTime = (Number(rail.value) / 1000) * video.duration;
});
desk.addEventListener("shown", position);
position();

hearEscalated(bell);
bell.addEventListener("ring", (event) => {
  const { incident, stale } = /** @type {CustomEvent<import("./bell.js").Rung>} */ (event).detail;
  if (stale || incident === desk.id) desk.refresh();
});
bell.addEventListener("hello", () => desk.refresh());
bell.addEventListener("back", () => { contact(); desk.refresh(); });
bell.addEventListener("lost", contact);

function contact() {
  const bar = byId("stale");
  bar.hidden = !bell.lost;
  byId("top").hidden = bell.lost;
  if (!bell.lost) return;
  the(bar, "b").textContent = `${bar.dataset.words} ${clockText(bell.heardClock)}`;
  the(bar, ".more").textContent = bar.dataset.more ?? "";
}

function clocks() {
  for (const clock of all(document, ".now")) clock.textContent = clockText(now());
  for (const clock of all(document, "[data-local]")) clock.textContent = clockText(now(), clock.dataset.local, true);
}
setInterval(clocks, 500);
clocks();
