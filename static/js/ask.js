/* A site is chosen by choosing it: the button is for whoever has no scripts. */
for (const form of document.querySelectorAll("form[data-goes]")) {
  form.querySelector("button").hidden = true;
  form.querySelector("select").addEventListener("change", () => form.requestSubmit());
}
