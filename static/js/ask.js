/* A site is chosen by choosing it: the button is for whoever has no scripts. */
import { all, the } from "./dom.js";

for (const form of all(document, "form[data-goes]", HTMLFormElement)) {
  the(form, "button").hidden = true;
  the(form, "select").addEventListener("change", () => form.requestSubmit());
}
