/* Light or dark before the first paint: the choice kept in this browser, else the system's.
   A classic script on purpose: a module would run after the page was painted in the wrong colours.
   Any element with [data-theme-toggle] switches; one with [data-theme-word] is told which theme a press brings. */
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: light)");
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };  // blocked storage: system's
  const paint = () => { root.dataset.theme = kept() ?? (system.matches ? "light" : "dark"); };
  paint();
  system.addEventListener("change", paint);
  addEventListener("storage", paint);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-theme-toggle]"))) return;
    const next = root.dataset.theme === "light" ? "dark" : "light";
    try { localStorage.setItem("theme", next); } catch { /* the page still changes, only the memory is missing */ }
    root.dataset.theme = next;
  });
})();
