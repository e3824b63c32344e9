(() => {
  const root = document.documentElement, button = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  try { const kept = localStorage.getItem("epoque-theme"); if (kept) root.dataset.theme = kept; } catch {}
  const tell = () => button.setAttribute("aria-pressed", String(dark()));
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("epoque-theme", root.dataset.theme); } catch {}
    tell();
  });
  tell();
})();
