// Paper is light and narrow: for a print every figure is drawn anew, at the width that the style sheet gives it.
const PRINT = Symbol.for("mdp.print");

function printDraws() {
  if (globalThis[PRINT]) return globalThis[PRINT];
  const draws = new Set(), root = document.documentElement;
  let printing = false, theme;
  const turn = (on) => {
    if (on === printing) return;
    printing = on;
    if (on) {
      theme = root.dataset.mdpTheme;
      root.dataset.mdpTheme = "light";
    } else if (theme) root.dataset.mdpTheme = theme;
    else delete root.dataset.mdpTheme;
    draws.forEach((draw) => draw(on));
  };
  window.addEventListener("beforeprint", () => turn(true));
  window.addEventListener("afterprint", () => turn(false));
  window.matchMedia("print").addEventListener("change", (event) => turn(event.matches));
  globalThis[PRINT] = draws;
  return draws;
}

// The width of a figure on paper, as the style sheet gives it; 0 where it gives none.
const printWidth = (el) => Number.parseFloat(getComputedStyle(el).getPropertyValue("--mdp-print-width")) || 0;
