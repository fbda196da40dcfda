/* What can be undone for some seconds goes when they are over. Without this script it stays, and is refused then. */

const seen = new WeakMap();

setInterval(() => {
  for (const offer of document.querySelectorAll("[data-seconds]")) {
    if (!seen.has(offer)) seen.set(offer, performance.now());
    if (performance.now() - seen.get(offer) >= Number(offer.dataset.seconds) * 1000) offer.remove();
  }
}, 250);
