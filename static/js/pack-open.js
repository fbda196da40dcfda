/* Opens the pack that lies on this workstation, without the server. */
import { byId } from "./dom.js";
import { keptPack } from "./pack-kept.js";
import { Damaged, able, openPack } from "./pack-sealing.js";
import { say } from "./words.js";

/** @typedef {Record<string, any>} Row */

const form = byId("open", HTMLFormElement), phrase = byId("phrase", HTMLInputElement);
const said = byId("said"), made = byId("made"), contents = byId("contents");

/** @param {string} iso */
const clock = (iso) => new Date(iso).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** @param {number} ms */
function span(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  return minutes < 60 ? say("minutes", { n: minutes }) : say("hours", { n: Math.floor(minutes / 60), m: minutes % 60 });
}

/** An element with text and children, nothing of it read as HTML.
 * @param {string} name
 * @param {string} look its class
 * @param {...(Node | string | null | undefined)} inside
 */
function make(name, look, ...inside) {
  const element = document.createElement(name);
  if (look) element.className = look;
  for (const one of inside) if (one) element.append(one);
  return element;
}

/** @param {string} number */
function call(number) {
  if (!number) return make("span", "faint", say("no_phone"));
  const link = document.createElement("a");
  link.href = `tel:${number}`;
  link.className = "num";
  link.textContent = number;
  return link;
}

/** @param {Row} row */
function incident(row) {
  const who = row.owner ? say("owner", { sign: row.owner }) : say("unowned");
  const head = make("p", "", make("b", "", `${row.priority} · ${row.title}`), ` ${row.site} · ${row.reference}`);
  const more = [clock(row.captured_at), row.state, row.verdict, who, row.reason].filter(Boolean).join(" · ");
  const silent = row.quiet ? make("p", "is-urgent", say("silent")) : null;
  const lines = (/** @type {string} */ part) => (row[part] ?? []).map((/** @type {string} */ said) => make("p", "", make("b", "", `${say(part)}: `), said));
  return make("li", "", head, make("p", "dim", more), silent, ...lines("seen"), ...lines("sent"), ...lines("notes"));
}

/** @param {Row} row */
function site(row) {
  const block = make("details", "", make("summary", "", make("b", "", row.name), ` ${row.customer}, ${row.address}`));
  for (const part of ["entrance", "hazards", "instructions"]) {
    if (row[part]) block.append(make("p", "", make("b", "", `${say(part)}: `), row[part]));
  }
  const people = row.contacts.map((/** @type {Row} */ one) => make("li", "", make("b", "", one.name), ` ${one.role} `, call(one.phone)));
  block.append(make("ul", "", ...(people.length ? people : [make("li", "faint", say("nobody"))])));
  if (row.cameras.length) block.append(make("p", "dim", `${say("cameras")}: ${row.cameras.join(", ")}`));
  return block;
}

/** @param {Row} row */
function responder(row) {
  const away = say("minutes_away", { n: row.minutes });
  return make("li", "", make("b", "", row.name), ` ${row.kind} · ${away} `, call(row.phone), row.customers.length ? ` ${row.customers.join(", ")}` : "");
}

/** @param {Row} row */
function watch(row) {
  return make("li", "", make("b", "", row.sign), ` ${clock(row.from)} – ${clock(row.to)} `, call(row.phone));
}

/** @param {string} id @param {HTMLElement[]} rows @param {string} none */
function fill(id, rows, none) {
  byId(id).replaceChildren(...(rows.length ? rows : [make("li", "faint", none)]));
}

/** @param {Row} opened */
function show(opened) {
  fill("incidents", opened.incidents.map(incident), say("nothing_open"));
  fill("sites", opened.sites.map(site), say("nobody"));
  fill("responders", opened.responders.map(responder), say("nobody"));
  fill("on-call", opened.on_call.map(watch), say("nobody"));
  form.hidden = true;
  contents.hidden = false;
  contents.focus();
}

byId("find", HTMLInputElement).addEventListener("input", ({ target }) => {
  const wanted = target instanceof HTMLInputElement ? target.value.trim().toLowerCase() : "";
  for (const one of byId("sites").children) if (one instanceof HTMLElement) one.hidden = !one.textContent.toLowerCase().includes(wanted);
});

const pack = await keptPack().catch(() => null);
if (!able()) said.textContent = say("insecure");
else if (!pack) said.textContent = say("none");
else {
  made.textContent = say("made", { time: clock(pack.made_at), age: span(Date.now() - Date.parse(pack.made_at)), centre: pack.centre });
  form.hidden = false;
  phrase.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!pack) return;
  said.textContent = say("opening");
  try {
    show(await openPack(pack, phrase.value));
    said.textContent = "";
  } catch (error) {
    said.textContent = say(error instanceof Damaged ? "damaged" : "wrong");
    phrase.select();
  }
});
document.body.dataset.ready = "";
