// Measures a page of the explorer from inside. A plot counts as drawn when plotly has rendered the new data
// (plot.js sets data-drawn then) and the browser has painted the frame; the pictures of survivors and facts count
// when their part of the page has changed and that is painted. A step ends with the last of them that is in view:
// what is below the edge is drawn when the page is quiet (plot.js), so the bench also looks at a page without edge.
(() => {
  const QUIET = 350;
  let last = 0, plots = new Set();
  const painted = () => requestAnimationFrame(() => setTimeout(() => { last = performance.now(); }));
  const inView = (node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  const figures = new MutationObserver((changes) => {
    const drawn = changes.map((c) => c.target).filter(inView);
    drawn.forEach((figure) => plots.add(figure));
    if (drawn.length) painted();
  });
  figures.observe(document.body, { subtree: true, attributeFilter: ["data-drawn"] });
  const rest = new MutationObserver(painted);
  for (const part of document.querySelectorAll(".mdp-b-facts, .mdp-survivors, [role=grid]")) {
    rest.observe(part, { subtree: true, childList: true, characterData: true, attributeFilter: ["style", "aria-label"] });
  }
  const quiet = async (length) => {
    last = performance.now();
    while (performance.now() - last < length) await new Promise((done) => setTimeout(done, 20));
  };
  const range = document.querySelector("#mdp-budget-range");
  const step = async (share) => {
    plots = new Set();
    const start = performance.now();
    range.value = Math.round(share * range.max);
    range.dispatchEvent(new Event("input"));
    await quiet(QUIET); // `last` begins at now and moves with every change
    // Slower than QUIET and nothing seen yet: wait on for the first picture.
    while (!plots.size && performance.now() - start < 20000) await quiet(QUIET);
    return { ms: last - start, plots: plots.size };
  };
  const shown = () => {
    const data = document.querySelector(".mdp-main .mdp-plot-figure").data;
    const chosen = data.find((t) => t.name === "chosen");
    return [Number(range.value) / Number(range.max), chosen.x[0]];
  };
  globalThis.mdpProbe = { quiet, step, shown };
})();
