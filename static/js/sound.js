/* Sound until claimed: 1 three rising bursts every 2 s, 2 two even bursts every 5 s, 3 one low burst every 15 s. */
/** @type {Record<number, {every: number, notes: number[]}>} */
const PATTERN = {
  1: { every: 2000, notes: [660, 880, 1175] },
  2: { every: 5000, notes: [740, 740] },
  3: { every: 15000, notes: [440] },
};
const BURST_S = 0.13, PAUSE_S = 0.07, LEVEL = 0.22;

export class Sound extends EventTarget {
  muted = false;
  priority = 0;
  timer = 0;
  /** @type {AudioContext | null} */
  context = null;

  /** on | muted | blocked (a press of any key or button unlocks it) | off (before the shift) */
  get state() {
    if (this.muted) return "muted";
    if (!this.context) return "off";
    return this.context.state === "running" ? "on" : "blocked";
  }

  /** To be called from a key press or a click: elsewhere a browser may hold it back until it is called from one. */
  unlock() {
    const context = this.context ??= new AudioContext();
    context.onstatechange = () => this.#changed();
    if (context.state !== "running") context.resume().then(() => this.#changed());
    this.#changed();
  }

  toggle() { this.muted = !this.muted; this.#changed(); }

  /** What is to be heard from now on: a priority, or 0 for silence.
   * @param {number} priority
   */
  want(priority) {
    if (priority === this.priority) return;
    this.priority = priority;
    clearInterval(this.timer);
    if (!priority) return;
    this.burst(priority);
    this.timer = setInterval(() => this.burst(priority), PATTERN[priority].every);
  }

  /** One pattern now.
   * @param {number} priority
   */
  burst(priority) {
    const context = this.context;
    if (!context || this.state !== "on") return;
    document.body.dataset.sounded = String(Number(document.body.dataset.sounded ?? 0) + 1);
    const start = context.currentTime + 0.02;
    PATTERN[priority].notes.forEach((pitch, n) => this.#note(context, pitch, start + n * (BURST_S + PAUSE_S)));
  }

  /** @param {AudioContext} context @param {number} pitch @param {number} at */
  #note(context, pitch, at) {
    const tone = context.createOscillator(), level = context.createGain();
    tone.type = "triangle";
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(LEVEL, at + 0.01);
    level.gain.setValueAtTime(LEVEL, at + BURST_S - 0.03);
    level.gain.linearRampToValueAtTime(0, at + BURST_S);
    tone.connect(level).connect(context.destination);
    tone.start(at);
    tone.stop(at + BURST_S);
  }

  #changed() { this.dispatchEvent(new Event("change")); }
}
