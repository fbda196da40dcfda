// The phones as the network sees them. Waits for changes; what a phone heard is text, never markup.

const words = {
  queued: "waiting to be dialled", ringing: "is ringing", "in-progress": "in a call", completed: "call ended",
  busy: "declined", "no-answer": "not answered", failed: "failed", canceled: "caller gave up",
};
const place = document.getElementById("phones");
const state = document.getElementById("state");
let version = -1;

function make(tag, { text, className, ...rest } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), rest);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  element.append(...children.filter(Boolean));
  return element;
}

function button(text, className, label, act) {
  const one = make("button", { text, className, type: "button", onclick: act });
  one.setAttribute("aria-label", label);
  one.dataset.focus = label;
  return one;
}

async function post(number, verb, body) {
  const answer = await fetch(`/phones/${encodeURIComponent(number)}/${verb}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
  });
  if (!answer.ok) state.textContent = (await answer.json()).error;
}

const clock = (at) => make("time", { text: new Date(at).toLocaleTimeString(), dateTime: at, className: "soft" });

function controls(phone, call) {
  if (call?.status === "ringing") {
    return [make("div", { className: "buttons" },
      button("Answer", "go", `Answer at ${phone.number}`, () => post(phone.number, "answer")),
      button("Decline", "stop", `Decline at ${phone.number}`, () => post(phone.number, "decline")))];
  }
  if (call?.status !== "in-progress") return [];
  const keys = [..."123456789*0#"].map((key) =>
    button(key, "", `Press ${key} at ${phone.number}`, () => post(phone.number, "press", { digit: key })));
  return [
    make("div", { className: call.wants_keys ? "keypad wanted" : "keypad" }, ...keys),
    make("div", { className: "buttons" },
      button("Hang up", "stop", `Hang up at ${phone.number}`, () => post(phone.number, "hangup"))),
  ];
}

function heard(line) {
  const text = line.kind === "pressed" ? `pressed ${line.text}` : line.kind === "play" ? `played ${line.text}` : line.text;
  return make("p", { className: line.kind, text });
}

function received(phone) {
  const calls = phone.calls.map((call) => ({ at: call.created, node: make("li", {}, clock(call.created),
    make("p", { className: "soft", text: `call from ${call.from}: ${words[call.status]}` }), ...call.heard.map(heard)) }));
  const texts = phone.messages.map((one) => ({ at: one.created, node: make("li", {}, clock(one.created),
    make("p", { className: "soft", text: `text from ${one.from}` }), make("p", { text: one.body })) }));
  return [...calls, ...texts].sort((a, b) => b.at.localeCompare(a.at)).slice(0, 12).map((one) => one.node);
}

function card(phone) {
  const call = phone.calls.find((one) => ["ringing", "in-progress"].includes(one.status)) ?? phone.calls[0];
  return make("article", { className: call?.status === "ringing" ? "ringing" : "" },
    make("h2", { text: phone.number }),
    make("p", { className: "status", text: call ? words[call.status] : "idle" }),
    ...controls(phone, call),
    make("ol", {}, ...received(phone)));
}

function show(data) {
  // The page is made anew at each change: whoever works it by keyboard stays where he was.
  const focus = document.activeElement?.dataset?.focus;
  place.replaceChildren(...data.phones.map(card));
  document.getElementById("empty").hidden = data.phones.length > 0;
  if (focus) [...place.querySelectorAll("button")].find((one) => one.dataset.focus === focus)?.focus();
  const ringing = data.phones.filter((phone) => phone.calls.some((call) => call.status === "ringing")).length;
  document.title = ringing ? `(${ringing}) Phones` : "Phones";
}

for (;;) {
  try {
    const answer = await fetch(version < 0 ? "/phones" : `/phones?after=${version}&wait=20`);
    const data = await answer.json();
    if (data.version !== version) show(data);
    version = data.version;
    state.textContent = "live";
  } catch {
    version = -1;
    state.textContent = "no contact with the phone network, trying again";
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
