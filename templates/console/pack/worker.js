{% load static %}/* Answers for the page that opens the contingency pack while the server does not. Nothing else is touched. */
const KEPT = "nightdesk-pack-page", PAGE = "{% url "console-pack-open" %}";
const FILES = [{% for file in files %}"{% static file %}", {% endfor %}];

async function renew() {
  const store = await caches.open(KEPT);
  await store.addAll(FILES);
  const page = await fetch(PAGE, { redirect: "manual" });
  if (page.status === 200) await store.put(PAGE, page);
}

self.addEventListener("install", (event) => { self.skipWaiting(); event.waitUntil(renew()); });
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The server first: the page is renewed whenever it answers. What it does not answer in time comes from the desk.
async function answer(request) {
  const store = await caches.open(KEPT), path = new URL(request.url).pathname;
  try {
    const fresh = await fetch(request, { signal: AbortSignal.timeout(3000) });
    if (fresh.status < 500) {
      if (fresh.status === 200 && !fresh.redirected) await store.put(path, fresh.clone());
      return fresh;
    }
  } catch { /* nobody answers: that is what this is for */ }
  return await store.match(path) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method === "GET" && (path === PAGE || FILES.includes(path))) event.respondWith(answer(event.request));
});
