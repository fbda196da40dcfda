/* Says before it is sent that a picture is too large: an upload that long is broken off, and nobody would be told why. */
import { the } from "./dom.js";

const form = the(document, "form#picture", HTMLFormElement), said = the(form, "[data-most]");
const file = the(form, "input[type=file]", HTMLInputElement);

file.addEventListener("change", () => {
  const words = (file.files?.[0]?.size ?? 0) > Number(said.dataset.most) ? said.dataset.words ?? "" : "";
  said.textContent = words;
  file.setCustomValidity(words);
});
