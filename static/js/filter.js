/* The filter's page: what would have stopped a cause of needless alarms is replayed when it comes into sight, one at a time.
   Without this script, or where it fails, the link to the same words stays. */
import { all, as } from "./dom.js";

const parts = all(document, "[data-part]");
/** @type {HTMLElement[]} */
const asked = [];
let busy = false;

async function next() {
  if (busy) return;  // asked for when the one before has come
  const part = asked.shift();
  if (!part?.dataset.part) return;
  busy = true;
  part.classList.add("is-asked");
  part.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(part.dataset.part, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
    if (!answer.ok) throw new Error(String(answer.status));
    part.innerHTML = await answer.text();
  } catch {
    part.querySelector("[data-sorry]")?.removeAttribute("hidden");  // and its link is still there
  }
  part.classList.remove("is-asked");
  part.removeAttribute("aria-busy");
  busy = false;
  next();
}

const sight = new IntersectionObserver((seen) => {
  for (const one of seen) {
    if (!one.isIntersecting) continue;
    sight.unobserve(one.target);
    const part = as(one.target);
    if (part) asked.push(part);
  }
  next();
}, { rootMargin: "200px" });

for (const part of parts) sight.observe(part);
