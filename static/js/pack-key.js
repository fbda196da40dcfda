/* Sets the phrase of a centre's packs: the keys are made here, and the phrase never leaves this page. */
import { byId, json } from "./dom.js";
import { able, makeKeys } from "./pack-sealing.js";

const LEAST = 12;
/** @type {Record<string, string>} */
const words = json(document.getElementById("words"));
const form = byId("key", HTMLFormElement), said = byId("said");
const phrase = byId("phrase", HTMLInputElement), again = byId("again", HTMLInputElement);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = !able() ? "insecure" : phrase.value.length < LEAST ? "short" : phrase.value !== again.value ? "unlike" : "";
  if (problem) { said.textContent = words[problem] ?? problem; return; }
  said.textContent = words.making ?? "";
  const keys = await makeKeys(phrase.value);
  byId("public", HTMLInputElement).value = keys.public;
  byId("locked", HTMLInputElement).value = JSON.stringify(keys.locked);
  phrase.value = again.value = "";
  form.submit();
});
document.body.dataset.ready = "";
