// A plotly figure from one copy of plotly.js per page. No logic: draws `spec`, reports clicks and hovers.
// Colours in the spec are CSS variables; they are looked up here, so a change of theme is a redraw.

const LIBRARY = Symbol.for("mdp.plotly");
const OUT_OF_SIGHT = 250; // ms

function library(model) {
  if (!globalThis[LIBRARY]) {
    globalThis[LIBRARY] = load(model).catch((error) => {
      globalThis[LIBRARY] = undefined; // the next figure tries again
      throw error;
    });
  }
  return globalThis[LIBRARY];
}

async function load(model) {
  // Our server's pages carry a script tag, which the browser caches; elsewhere the kernel sends the file once.
  const tag = document.getElementById("mdp-plotly");
  if (tag && !window.Plotly) {
    await new Promise((done) => {
      tag.addEventListener("load", done, { once: true });
      tag.addEventListener("error", done, { once: true });
      if (tag.dataset.state) done();
    });
  }
  if (!window.Plotly) await run(await ask(model));
  return window.Plotly;
}

function ask(model) {
  return new Promise((resolve, reject) => {
    const listen = (message, buffers) => {
      if (message?.kind !== "plotly") return;
      model.off("msg:custom", listen);
      resolve(buffers[0]);
    };
    model.on("msg:custom", listen);
    model.send({ kind: "plotly" });
    setTimeout(() => reject(new Error("the kernel did not send plotly.js")), 60000);
  });
}

function run(buffer) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = URL.createObjectURL(new Blob([buffer], { type: "text/javascript" }));
    script.onload = resolve;
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    document.head.append(script);
  });
}

// Other kinds of traces than these start when they are first drawn: they are most of plotly's work (plotly_js.py).
const AT_ONCE = new Set(["scatter", "bar", "heatmap"]);

function startKinds(Plotly, traces) {
  if (Plotly.mdpOthers && traces.some((trace) => !AT_ONCE.has(trace.type ?? "scatter"))) Plotly.mdpOthers();
}

function resolveColours(value, style) {
  if (typeof value === "string") {
    const name = /^var\((--[\w-]+)\)$/.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }
  if (Array.isArray(value)) {
    const numbers = typeof value[0] === "number" && typeof value[1] !== "string"; // not a colour scale
    return numbers ? value : value.map((v) => resolveColours(v, style));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolveColours(v, style)]));
  }
  return value;
}

function onTheme(redraw) {
  const watcher = new MutationObserver(redraw);
  watcher.observe(document.documentElement, { attributeFilter: ["data-mdp-theme"] });
  watcher.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  return () => watcher.disconnect();
}

function fillTable(details, table) {
  if (!details.open) return; // built when somebody looks, not on every step of a drag
  const cell = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const line = (tag, texts) => {
    const row = document.createElement("tr");
    row.append(...texts.map((t) => cell(tag, t)));
    return row;
  };
  const element = Object.assign(document.createElement("table"), { className: "mdp-table" });
  element.append(line("th", table.columns ?? []), ...(table.rows ?? []).map((r) => line("td", r)));
  details.lastChild.replaceChildren(element);
}

function plain(event) {
  const point = event?.points?.[0];
  if (!point) return null;
  return { curve: point.curveNumber, index: point.pointNumber ?? point.pointIndex ?? null,
           x: point.x, y: point.y, name: point.data.name ?? "", custom: point.customdata ?? null };
}

// A click anywhere in the plot, in data coordinates, with the point under the pointer if there is one.
// Plotly's own click event needs a hover first and is lost when a redraw comes between the two.
function watchClicks(figure, tell) {
  let hovered = null, down = null;
  figure.on("plotly_hover", (event) => { hovered = plain(event); });
  figure.on("plotly_unhover", () => { hovered = null; });
  const press = (event) => { down = event.target.closest?.(".modebar-btn, .legend") ? null : [event.clientX, event.clientY]; };
  const release = (event) => {
    const [x, y] = down ?? [NaN, NaN];
    down = null;
    const layout = figure._fullLayout;
    if (!(Math.hypot(event.clientX - x, event.clientY - y) < 6) || !layout?.xaxis?.p2d) return;
    const box = figure.getBoundingClientRect();
    const inside = [[layout.xaxis, event.clientX - box.left], [layout.yaxis, event.clientY - box.top]]
      .map(([axis, at]) => ({ at: at - axis._offset, length: axis._length, axis }));
    if (inside.some(({ at, length }) => at < -8 || at > length + 8)) return;
    tell({ curve: null, index: null, name: "", custom: null, ...hovered,
           at: inside.map(({ at, axis }) => axis.p2d(at)) });
  };
  figure.addEventListener("pointerdown", press, true);
  window.addEventListener("pointerup", release, true);
  return () => window.removeEventListener("pointerup", release, true);
}

// A bar whose customdata names a block is linked to it like everything else that shows the block.
function nameBars(figure) {
  const bars = figure.data.filter((trace) => trace.type === "bar");
  figure.querySelectorAll(".trace.bars").forEach((node, i) => {
    node.querySelectorAll(".point").forEach((point, n) => {
      const name = bars[i]?.customdata?.[n];
      if (typeof name === "string") point.dataset.block = name;
    });
  });
}

function render({ model, el }) {
  const mark = highlightBlocks();
  el.classList.add("mdp-plot", "mdp");
  const figure = document.createElement("div");
  figure.className = "mdp-plot-figure";
  figure.setAttribute("role", "img");
  const details = document.createElement("details");
  details.className = "mdp-details";
  const summary = Object.assign(document.createElement("summary"), { textContent: "As a table" });
  details.append(summary, document.createElement("div"));
  details.addEventListener("toggle", () => fillTable(details, model.get("table")));
  el.append(figure, details);

  const diff = new FigureDiff();
  let Plotly = null, pending = false, listening = false, gone = false, unclick = () => {};
  let onPaper = false;
  const draw = async () => {
    pending = false;
    const spec = model.get("spec");
    if (gone || !Plotly || !spec.data || !figure.clientWidth || !figure.clientHeight) return;
    const style = getComputedStyle(figure);
    const layout = { ...spec.layout, width: figure.clientWidth, height: figure.clientHeight };
    if (onPaper) {
      layout.width = printWidth(figure) || layout.width;
      layout.height = Math.min(layout.height, Math.max(220, 0.4 * layout.width));
    }
    layout.font = { family: style.fontFamily, size: 12, color: style.color, ...layout.font };
    const traces = [...model.get("still"), ...spec.data];
    startKinds(Plotly, traces);
    const drawn = diff.recall(traces, layout, style.color, (value) => resolveColours(value, style));
    await Plotly.react(figure, ...drawn, {
      scrollZoom: false, // a wheel moves the page, and no surface shrinks to a dot under it
      displaylogo: false, displayModeBar: model.get("toolbar") ? "hover" : false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
      toImageButtonOptions: { format: "svg", filename: model.get("filename") },
    });
    nameBars(figure);
    figure.dataset.drawn = String(Number(figure.dataset.drawn ?? 0) + 1);
    if (!listening) {
      listening = true;
      figure.addEventListener("dblclick", () => { // a turned surface has a way back
        const camera = model.get("spec").layout?.scene?.camera;
        if (camera) Plotly.relayout(figure, { "scene.camera": camera });
      });
      figure.on("plotly_hover", (event) => {
        const { data, customdata } = event.points?.[0] ?? {};
        if (data?.type === "bar" && typeof customdata === "string") mark(customdata);
      });
      unclick = watchClicks(figure, (point) => model.send({ kind: "click", point }));
    }
  };
  // Out of sight it is drawn again when all is quiet, or comes into view: a drag is for what is seen.
  let seen = true, later = 0;
  const soon = () => {
    clearTimeout(later);
    later = 0;
    if (pending) return;
    pending = true;
    requestAnimationFrame(draw);
  };
  const schedule = () => {
    if (seen || !figure.dataset.drawn) soon();
    else {
      clearTimeout(later);
      later = setTimeout(soon, OUT_OF_SIGHT);
    }
  };
  const sight = new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    if (seen && later) soon();
  });
  sight.observe(figure);
  const describe = () => {
    figure.setAttribute("aria-label", model.get("label"));
    if (model.get("block")) el.dataset.block = model.get("block");
    else delete el.dataset.block;
    el.style.setProperty("--mdp-height", model.get("height")); // a late layout view clears style.height
    details.hidden = !model.get("table").columns;
    fillTable(details, model.get("table"));
  };

  describe();
  model.on("change:spec change:still", schedule);
  model.on("change:label change:table change:height change:block", describe);
  const sizes = new ResizeObserver(schedule);
  sizes.observe(figure);
  const unwatch = onTheme(schedule);
  const print = (on) => { onPaper = on; draw(); };
  printDraws().add(print);
  library(model).then(
    (loaded) => { Plotly = loaded; schedule(); },
    (error) => { figure.textContent = `The figure cannot be drawn: ${error.message}. Reload the page.`; },
  );
  return () => {
    gone = true;
    printDraws().delete(print);
    sizes.disconnect();
    sight.disconnect();
    unwatch();
    unclick();
    model.off("change:spec change:still", schedule);
    model.off("change:label change:table change:height change:block", describe);
    if (Plotly) Plotly.purge(figure);
  };
}

export default { render };
