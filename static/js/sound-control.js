/* The control of the sound in the top bar: how it stands, in words, and the press that lets a browser sound. Any key or button is
   such a press. */
import { byId, the } from "./dom.js";
import { say } from "./words.js";

/** Returns what is to be called when `needed` changed.
 * @param {import("./sound.js").Sound} sound
 * @param {() => boolean} needed whether something may have to be heard at this page now
 */
export function soundControl(sound, needed) {
  const button = byId("sound");
  const shut = () => sound.state === "off" || sound.state === "blocked";

  function show() {
    const state = sound.state;
    the(button, ":scope > :last-child").textContent = say(state === "off" && needed() ? "sound_blocked" : `sound_${state}`);
    the(button, "use", SVGUseElement).setAttribute("href", state === "on" ? "#i-sound" : "#i-mute");
    button.classList.toggle("is-caution", state !== "on" && needed());
    document.body.dataset.sound = state;
  }

  sound.addEventListener("change", show);
  button.addEventListener("click", () => { if (shut()) sound.unlock(); else sound.toggle(); });
  for (const gesture of ["keydown", "pointerdown"]) {
    // Not a press of the control itself: by its click the sound would be on already, and be muted.
    addEventListener(gesture, ({ target }) => { if (needed() && shut() && !(target instanceof Node && button.contains(target))) sound.unlock(); }, true);
  }
  show();
  return show;
}
