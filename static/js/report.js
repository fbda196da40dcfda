/* The shift report: its button prints it. Without this script the browser's own menu does. */
import { the } from "./dom.js";

const button = the(document, "[data-print]", HTMLButtonElement);
button.hidden = false;
button.addEventListener("click", () => print());
