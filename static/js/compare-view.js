/* <compare-view>: what the evidence is held against, one at a time. Its JSON child: [{label, title, words, url, kind}], kind
   "image" or "video" (its first picture). `next` goes round, `show` takes one. */
import { json, maybe, the } from "./dom.js";
import { say } from "./words.js";

/** @typedef {{label: string, title: string, words: string, url: string, kind: "image" | "video"}} Other */

let kept = "";  // what was chosen last, by its title: the next incident begins with the same

export class CompareView extends HTMLElement {
  at = 0;
  /** @type {Other[]} */
  others = [];

  connectedCallback() {
    this.others = json(maybe(this, "script", HTMLScriptElement));
    this.show(Math.max(this.others.findIndex((one) => one.title === kept), 0));
  }

  next() {
    if (this.others.length) this.show((this.at + 1) % this.others.length);
  }

  /** @param {number} n */
  show(n) {
    const one = this.others[n];
    if (!one) return;
    this.at = n;
    kept = one.title;
    const picture = one.kind === "video" ? this.#first(one.url) : Object.assign(document.createElement("img"), { src: one.url, alt: `${one.title}, ${one.words}` });
    picture.onerror = () => this.#gone();
    const cover = maybe(this, "[data-cover]");
    if (cover) cover.hidden = true;
    the(this, ".frame").replaceChildren(picture);
    const caption = the(this, "[data-caption]");
    caption.hidden = false;
    caption.replaceChildren(one.title, " ", Object.assign(document.createElement("span"), { textContent: one.words }));
    this.dispatchEvent(new CustomEvent("compared", { bubbles: true, detail: { n } }));
  }

  /** The first picture of a clip.
   * @param {string} url
   */
  #first(url) {
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto", src: url });
    video.setAttribute("aria-hidden", "true");
    return video;
  }

  #gone() {
    const cover = maybe(this, "[data-cover]");
    if (!cover) return;
    cover.hidden = false;
    the(cover, "b").textContent = say("compare_gone");
    the(cover, "span").textContent = "";
  }
}

customElements.define("compare-view", CompareView);
