// A network to prune by hand. What is chosen is priced by the kernel at every move, and remembered by the browser.

function render({ model, el }) {
  el.classList.add("mdp-bench", "mdp");
  const get = (name) => model.get(name);
  const dims = get("dims");
  const bars = dom("div", "mdp-bench-bars", el);
  const table = dom("table", "", el);
  const head = dom("tr", "", dom("thead", "", table));
  dom("th", "", head, "block", { scope: "col" });
  for (const column of get("columns")) dom("th", "", head, column, { scope: "col" });
  const body = dom("tbody", "", table);
  const sliders = {}, switches = {}, cells = {};
  let choices = { ...get("choices") }, removed = new Set(get("removed")), waiting = null, handing = false;

  const slider = (name, parent) => {
    const { label, options } = dims[name];
    const cell = dom("label", "mdp-bench-cell", parent, "", { title: `${name}: ${options.length} widths` });
    const range = rangeInput(cell, { min: 0, max: options.length - 1, step: 1, "aria-label": `${name}, ${label}` });
    const value = dom("output", "", cell);
    range.addEventListener("input", () => { choices[name] = options[Number(range.value)]; draw(); tell(); });
    sliders[name] = { range, value };
  };
  for (const { block, removable, cells: own } of get("rows")) {
    const row = dom("tr", "", body);
    const name = dom("label", "", dom("th", "", row, "", { scope: "row" }));
    const box = dom("input", "", name, "", { type: "checkbox", "aria-label": `keep ${block}` });
    dom("span", "", name, block);
    box.disabled = !removable;
    box.addEventListener("change", () => {
      if (box.checked) removed.delete(block); else removed.add(block);
      draw(); tell();
    });
    switches[block] = { box, row };
    for (const dim of own) {
      const cell = dom("td", "", row);
      if (dim) { slider(dim, cell); (cells[block] ??= []).push(dim); }
    }
  }
  if (get("shared").length) {
    const row = dom("tr", "mdp-bench-shared", body);
    dom("th", "", row, "shared", { scope: "row" });
    const wide = dom("td", "", row, "", { colspan: Math.max(1, get("columns").length) });
    for (const dim of get("shared")) {
      const one = dom("span", "mdp-bench-one", wide);
      dom("span", "mdp-bench-name", one, dim);
      slider(dim, one);
    }
  }
  const buttons = dom("div", "mdp-bench-buttons", el);
  const hand = dom("button", "primary", buttons, "Hand in", { type: "button" });
  const half = dom("button", "", buttons, "All at half", { type: "button" });
  const dense = dom("button", "", buttons, "Dense again", { type: "button" });
  const words = dom("p", "mdp-bench-words", el, "", { role: "status" });
  const out = dom("div", "mdp-bench-result", el);
  const measured = dom("p", "mdp-bench-measured", null, "", { role: "status" });

  const draw = () => {
    for (const [name, { range, value }] of Object.entries(sliders)) {
      const options = dims[name].options;
      range.value = options.indexOf(choices[name]);
      value.textContent = `${choices[name]}/${options.at(-1)}`;
      range.setAttribute("aria-valuetext", `${choices[name]} of ${options.at(-1)}`);
    }
    for (const [block, { box, row }] of Object.entries(switches)) {
      const gone = removed.has(block);
      box.checked = !gone;
      row.classList.toggle("gone", gone);
      for (const dim of cells[block] ?? []) sliders[dim].range.disabled = gone;
    }
  };
  const state = () => ({ choices, removed: [...removed] });
  const kept = () => progress.get(get("study"), get("key")) ?? {};
  const tell = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      model.send({ kind: "choose", ...state() });
      progress.put(get("study"), get("key"), { ...kept(), ...state() });
    }, 40);
  };
  const showBars = () => {
    bars.replaceChildren(...get("bars").map(({ name, text, share, limit, over }) => {
      const bar = dom("div", over ? "mdp-bar over" : "mdp-bar", null, "", { role: "meter", "aria-label": `${name}: ${text}`,
        "aria-valuenow": Math.round(100 * share), "aria-valuemin": 0, "aria-valuemax": 100 });
      const line = dom("div", "mdp-bar-words", bar);
      dom("b", "", line, name);
      dom("span", "", line, text);
      const track = dom("div", "mdp-bar-track", bar);
      dom("i", "", track).style.width = `${Math.min(100, 100 * share)}%`;
      const mark = dom("u", "", track);
      mark.style.left = `${Math.min(100, 100 * limit)}%`;
      return bar;
    }));
    const over = get("bars").some((bar) => bar.over);
    hand.disabled = over;
    hand.title = over ? "Over the budget: make something narrower, or take a block out" : "Price this network, and see the solver's";
  };
  // In a class the server measures what is handed in; its page says so as soon as it knows.
  const showMeasured = () => {
    const words = window.mdpClass?.measured?.[get("key")] ?? "";
    if (measured.textContent !== words) measured.textContent = words;
    measured.hidden = !words;
  };
  const showResult = () => {
    const result = get("result");
    out.replaceChildren();
    if (!result.n) return;
    results(out, result);
    out.querySelector(".mdp-bench-facts").after(measured);
    showMeasured();
    const before = kept();
    const best = Math.max(before.best ?? -1, result.points);
    progress.put(get("study"), get("key"), { ...before, ...state(), value: "handed in", state: "right", best });
    if (result.fresh) {
      progress.tell({ step: get("step"), kind: "contest", key: get("key"), value: result.value, score: result.points });
    }
    if (handing) out.scrollIntoView({ block: "nearest" });
    handing = false;
  };
  const all = (pick) => {
    for (const [name, { options }] of Object.entries(dims)) choices[name] = pick(options);
    removed = new Set();
    draw(); tell();
  };
  dense.addEventListener("click", () => all((options) => options.at(-1)));
  half.addEventListener("click", () => all((options) => options.reduce((best, o) =>
    (Math.abs(o - options.at(-1) / 2) < Math.abs(best - options.at(-1) / 2) ? o : best))));
  hand.addEventListener("click", () => { handing = true; words.textContent = ""; model.send({ kind: "choose", ...state() }); model.send({ kind: "hand" }); });

  model.on("change:bars", showBars);
  model.on("change:result", showResult);
  window.addEventListener("mdp-class", showMeasured);
  const before = kept();
  if (before.choices) {
    choices = { ...choices, ...before.choices };
    removed = new Set(Array.isArray(before.removed) ? before.removed.filter((b) => b in switches) : []);
    for (const [name, { options }] of Object.entries(dims)) if (!options.includes(choices[name])) choices[name] = options.at(-1);
    model.send({ kind: "again", ...state(), handed: Boolean(before.value) });
  }
  draw();
  showBars();
  showResult();
  return () => {
    clearTimeout(waiting);
    model.off("change:bars", showBars);
    model.off("change:result", showResult);
    window.removeEventListener("mdp-class", showMeasured);
  };
}

export default { render };
