/* What is large on the desk: the clip, or a live picture that changes places with it. It stays through every exchange of the
   pane's parts, and begins anew with the next incident. */
import { CameraView } from "./camera-view.js";
import { CompareView } from "./compare-view.js";
import { all, maybe } from "./dom.js";

/** @typedef {{large: "evidence" | "live", camera: string, name: string}} Look */

export class See {
  incident = "";
  /** @type {Look} */
  look = { large: "evidence", camera: "", name: "" };
  speaking = false;
  turned = false;  // live became large only because somebody speaks there

  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    desk.addEventListener("shown", () => this.#again());
    desk.root.addEventListener("compared", (event) => this.#pressed(/** @type {CustomEvent<{n: number}>} */ (event).detail.n));
    this.#again();
    const compare = this.#compare;
    if (compare) this.#pressed(compare.at);
  }

  get #room() { return maybe(this.desk.root, ".see"); }
  get #live() { return maybe(this.desk.root, "camera-view.large", CameraView); }
  get #compare() { return maybe(this.desk.root, "compare-view", CompareView); }

  /** Live, large; again: back to the clip. Who comes only to look begins to look with it, and ends with it. */
  live() {
    const view = this.#live;
    if (!view?.dataset.camera) return;
    if (this.look.large === "live") { this.evidence(); return; }
    if (!view.running) for (const one of all(this.desk.root, "camera-view", CameraView)) one.start();
    this.#set({ large: "live", camera: view.dataset.camera, name: view.dataset.name ?? "" });
  }

  /** The clip, large. */
  evidence() {
    this.turned = false;
    const view = this.#live, own = view?.dataset.own ?? "";
    if (view && !("auto" in view.dataset)) for (const one of all(this.desk.root, "camera-view", CameraView)) one.stop();
    if (view && own && view.dataset.camera !== own) view.choose(own, view.dataset.ownName ?? "", view.running);
    this.#set({ large: "evidence", camera: "", name: "" });
  }

  /** Another camera, live and large; the same again: back.
   * @param {HTMLElement} button
   */
  camera(button) {
    const { camera = "", name = "" } = button.dataset;
    this.turned = false;
    if (this.look.large === "live" && this.look.camera === camera) { this.evidence(); return; }
    this.#set({ large: "live", camera, name });
  }

  /** The next to compare with, or the one whose button was pressed.
   * @param {HTMLElement} button
   */
  compare(button) {
    if (button.dataset.n) this.#compare?.show(Number(button.dataset.n)); else this.#compare?.next();
  }

  /** @param {Look} look */
  #set(look) {
    this.look = look;
    this.#dress();
  }

  #again() {
    const id = this.desk.pane?.dataset.id ?? "";
    if (id !== this.incident) { Object.assign(this, { incident: id, look: { large: "evidence", camera: "", name: "" }, speaking: false, turned: false }); }
    const compare = this.#compare;
    if (compare) this.#pressed(compare.at);
    this.#dress();
    this.#speech();
  }

  /** Who speaks at a site looks at it live; when they have spoken the clip comes back, unless they chose otherwise. */
  #speech() {
    const speaking = maybe(this.desk.root, ".bar[data-live]") !== null, before = this.speaking;
    this.speaking = speaking;
    if (speaking && !before && this.look.large === "evidence") { this.live(); this.turned = true; }
    else if (!speaking && before && this.turned && this.look.large === "live") this.evidence();
  }

  #dress() {
    const room = this.#room, view = this.#live, { large, camera, name } = this.look;
    if (!room) return;
    if (view && !view.dataset.own) Object.assign(view.dataset, { own: view.dataset.camera, ownName: view.dataset.name });
    room.dataset.large = large;
    if (large === "live" && view && camera && (view.dataset.camera !== camera || !view.running)) view.choose(camera, name);
    for (const button of all(room, '[data-do="camera"]')) button.setAttribute("aria-pressed", String(large === "live" && button.dataset.camera === camera));
    maybe(room, '[data-do="live"]')?.setAttribute("aria-pressed", String(large === "live"));
  }

  /** @param {number} n of the one that is shown */
  #pressed(n) {
    for (const button of all(this.desk.root, '[data-do="compare"][data-n]')) button.setAttribute("aria-pressed", String(button.dataset.n === String(n)));
  }
}
