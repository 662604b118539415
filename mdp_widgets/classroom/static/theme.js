// Light or dark, as the explorer remembers it, else as the machine says. Runs before the page is drawn.
(() => {
  let theme = null;
  try { theme = localStorage.getItem("mdp-theme"); } catch { /* private mode */ }
  theme ??= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.mdpTheme = theme;
})();
