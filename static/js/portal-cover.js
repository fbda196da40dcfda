/* What can be undone for some seconds goes when they are over. Without this script it stays, and is refused then. */
import { all } from "./dom.js";

/** @type {WeakMap<Element, number>} when each offer was first seen (performance.now) */
const seen = new WeakMap();

setInterval(() => {
  for (const offer of all(document, "[data-seconds]")) {
    const since = seen.get(offer) ?? performance.now();
    seen.set(offer, since);
    if (performance.now() - since >= Number(offer.dataset.seconds) * 1000) offer.remove();
  }
}, 250);
