/* <portal-clip>: the browser's own player; when it cannot load, says so and offers to try again. */
import { maybe, the } from "./dom.js";

export class PortalClip extends HTMLElement {
  connectedCallback() {
    const video = the(this, "video", HTMLVideoElement);
    const failed = the(this, ".failed");
    video.addEventListener("error", () => { failed.hidden = false; });
    video.addEventListener("loadedmetadata", () => { failed.hidden = true; });
    if (video.error) failed.hidden = false;
    the(this, "[data-again]").addEventListener("click", () => {
      failed.hidden = true;
      video.load();
      video.focus();
      // Refused playing is not an error worth a word: the controls are there; a failed load tells by its own event.
      video.play().catch(() => {});
    });
  }

  /** Whether somebody is watching: then nothing may be changed under their eyes. */
  get watched() {
    const video = maybe(this, "video", HTMLVideoElement);
    return !!video && !video.ended && video.currentTime > 0;
  }
}

customElements.define("portal-clip", PortalClip);
