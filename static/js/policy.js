/* The policy's page: what is typed is kept as a draft, and what hangs on it (changes, the days ahead, what is refused, what would be
   lost) is drawn anew by the server, which alone judges it. Without this module the same form is sent by its buttons. */
import "./week-grid.js";
import { addRow, prepare, removeRow } from "./rows.js";

const QUIET_MS = 700;  // after the last key
const form = document.getElementById("policy-form");
let timer = 0, asking = false, again = false;

if (form?.hasAttribute("data-keeps")) {
  prepare(form);
  for (const button of form.querySelectorAll("[data-add]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const list = [...form.querySelectorAll("[data-list]")].find((one) => one.dataset.list === button.dataset.add);
      addRow(list).querySelector("select, input").focus();
    });
  }
  for (const details of form.querySelectorAll("details.numbers")) details.open = false;
  form.addEventListener("change", (event) => {
    if (event.target.name?.endsWith(".gone")) { removeRow(event.target.closest("tr")); soon(); }
    if ("own" in event.target.dataset) keep().then(() => location.reload());  // other fields come with it
  });
  form.addEventListener("input", (event) => { if (!["note", "csrfmiddlewaretoken"].includes(event.target.name) && !event.target.name?.endsWith(".gone")) soon(); });
  form.addEventListener("rows", soon);
  form.addEventListener("submit", (event) => {
    if (event.submitter?.getAttribute("aria-disabled") === "true") { event.preventDefault(); document.getElementById("why").scrollIntoView({ block: "nearest" }); return; }
    clearTimeout(timer);
    if (!event.submitter?.matches("[data-replays]")) return;
    event.preventDefault();
    event.submitter.setAttribute("aria-busy", "true");
    send(form.dataset.replay).finally(() => event.submitter.removeAttribute("aria-busy"));
  });
  addEventListener("pagehide", () => { if (timer) navigator.sendBeacon(form.action, new FormData(form)); });
} else if (form) {
  for (const spare of form.querySelectorAll("tr[data-spare]")) spare.hidden = true;
  for (const details of form.querySelectorAll("details.numbers")) details.open = false;
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(keep, QUIET_MS);
}

/** One at a time: what is typed meanwhile is kept right after. */
async function keep() {
  clearTimeout(timer);
  timer = 0;
  if (asking) { again = true; return; }
  asking = true;
  try { await send(form.action); } finally { asking = false; }
  if (again) { again = false; await keep(); }
}

async function send(address) {
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
  } catch { told(form.dataset.unkept); return; }
  if (answer.type === "opaqueredirect") { location.reload(); return; }  // logged out
  if (answer.status !== 200 && answer.status !== 409) { told(form.dataset.unkept); return; }
  const said = await answer.json();
  if (said.held_up) { told(said.held_up); return; }
  told("");
  draw(said);
}

function told(words) {
  const place = document.getElementById("held-up");
  place.querySelector("[data-told]")?.remove();
  if (!words) return;
  const banner = document.createElement("p");
  banner.className = "banner banner--urgent";
  banner.dataset.told = "";
  banner.textContent = words;
  place.append(banner);
}

function draw(said) {
  form.elements.kept.value = said.kept;
  const focused = document.activeElement?.id;
  for (const [id, html] of Object.entries(said.parts)) {
    const place = document.getElementById(id);
    if (place && place.dataset.drawn !== html) { place.innerHTML = html; place.dataset.drawn = html; }
  }
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  for (const grid of form.querySelectorAll("week-grid")) if (said.weeks[grid.dataset.prefix]) grid.redrawn(said.weeks[grid.dataset.prefix]);
  for (const [prefix, regions] of Object.entries(said.regions)) {
    document.getElementById(`${prefix}.regions`)?.replaceChildren(...regions.map((region) => new Option(region, region)));
  }
  mark(said.wrong);
  const refused = said.blocked && !said.lost;
  document.getElementById("why").hidden = !said.blocked;
  document.querySelector("#why [data-lost]").hidden = !said.lost;
  document.querySelector("#why [data-refused]").hidden = !refused;
  document.getElementById("save")?.toggleAttribute("aria-disabled", false);
  if (said.blocked) document.getElementById("save")?.setAttribute("aria-disabled", "true");
  document.getElementById("signing").hidden = !said.signing;
  document.getElementById("asking").hidden = !said.lost || said.signing;
  document.querySelector("#signing [name=digest]").value = said.digest;
}

/** Each refusal at its field: the n-th filled row of a list is the n-th of the body. */
function mark(wrong) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".row-said")) place.replaceChildren();
  for (const { path, said, warning } of wrong) {
    const list = [...form.querySelectorAll("[data-list]")].find((one) => path.startsWith(`${one.dataset.list}.`));
    const [number, name] = list ? path.slice(list.dataset.list.length + 1).split(".") : [];
    const row = list && [...list.querySelectorAll("tr[data-row]:not([data-spare])")].filter(filled)[Number(number)];
    const field = row ? [...row.querySelectorAll("[name]")].find((one) => one.name.endsWith(`.${name}`)) : form.elements.namedItem(path);
    if (field instanceof HTMLElement && !warning) field.setAttribute("aria-invalid", "true");
    const words = document.createElement("p");
    words.className = warning ? "said said--warning" : "said";
    words.textContent = said;
    row?.querySelector(".row-said").append(words);
    const details = row?.closest("details.numbers");
    if (details && !warning) details.open = true;
  }
}

const filled = (row) => [...row.querySelectorAll("input:not([type=checkbox]), select[name$='.category']")].some((field) => field.value.trim());
