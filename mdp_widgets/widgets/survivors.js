// The architecture as a grid: one row per block, one cell per dim. Draws `info`, reports what is looked at.
// Elements are kept and updated, so that a drag animates and nothing jumps; only another study builds anew.

const NS = "http://www.w3.org/2000/svg";
const LEAST = 260, LEAST_HIGH = 300, MIN_ROW = 17, ROW = 20, MAX_ROW = 46, HEAD = 20, GAP = 28, CELL_GAP = 14;
const FOOT = 24, MOST_NAME = 14, MOST_SHARED = 20, SIDE_BY_SIDE = 3;

function svg(tag, parent, attributes = {}, text = null) {
  const node = document.createElementNS(NS, tag);
  set(node, attributes);
  if (text !== null) node.textContent = text;
  parent?.append(node);
  return node;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

// A name whose end tells it from others, in so many letters.
const clip = (name, most) => (name.length > most ? `…${name.slice(1 - most).replace(/^\./, "")}` : name);

// Few shared widths stand side by side on the line of their group; many have a line each, with their names.
function linesOf(info) {
  return info.groups.flatMap((group) => [
    ...(group.bars.length > SIDE_BY_SIDE
      ? group.bars.map((bar) => ({ group: { name: bar.dim, bars: [bar], rows: [] }, id: `d:${bar.dim}` }))
      : group.bars.length || info.groups.length > 1 ? [{ group, id: `g:${group.name}` }] : []),
    ...group.rows.map((row) => ({ row, id: `r:${row.block}` })),
  ]);
}

// How many panels side by side, how high a row is, and which lines go into which panel.
function arrange(lines, height, width) {
  for (let panels = 1; ; panels++) {
    const per = Math.ceil(lines.length / panels);
    const high = (height - HEAD) / (per + (panels > 1 ? 1 : 0));
    if (high >= MIN_ROW || panels === 4 || width / (panels + 1) < 300) {
      const parts = [[]];
      for (const line of lines) {
        const last = parts.at(-1);
        const dangling = line.group?.rows.length && last.length === per - 1 && parts.length < panels;
        if ((last.length >= per || dangling) && parts.length < panels) parts.push([line]);
        else last.push(line);
      }
      return { parts, high: Math.max(MIN_ROW - 3, Math.min(MAX_ROW, high)) };
    }
  }
}

const describe = (bar) =>
  bar.kept === 0 ? `${bar.label}: gone, ${bar.dense} in the dense network`
  : `${bar.label}: ${bar.kept} of ${bar.dense} kept` + (bar.pinned ? ", pinned" : "")
    + (bar.a === null || bar.a === bar.kept ? "" : `, A keeps ${bar.a}`)
    + (bar.units.length ? ` (units ${bar.units.flatMap((u, i) => (u ? [i] : [])).join(", ")})` : "");

const latency = (row, unit) => alone(row, unit)
  + (row.a_latency === null || row.a_latency === row.latency ? ""
     : `; in A ${row.a_removed ? "removed" : `${short(row.a_latency)} ${unit}`}`);

const alone = (row, unit) =>
  row.removed ? `removed, saves ${short(row.dense_latency)} ${unit}`
  : `${short(row.latency)} of ${short(row.dense_latency)} ${unit}`;

const short = (value) => (value === 0 ? "0" : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1)
  : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2));

// What there is to draw in; 0 while the page is not laid out yet, and no less than a drawing needs.
const widthOf = (el, onPaper) =>
  el.clientWidth && Math.max(LEAST, (onPaper && printWidth(el)) || el.clientWidth);

class Bar {
  constructor(parent, bar, x, y, width, high, number) {
    this.node = svg("g", parent, { class: "mdp-s-bar" });
    this.title = svg("title", this.node);
    this.thick = Math.max(7, Math.min(16, high * 0.52));
    this.width = Math.max(10, width - number);
    const top = y + (high - this.thick) / 2;
    this.hit = svg("rect", this.node, { class: "mdp-s-hit", x: x - 4, y: y + 1, width: width + 8,
                                        height: high - 2, rx: 4 });
    if (bar.units.length) {
      const step = Math.min(this.width / bar.units.length, this.thick + 5);
      this.units = bar.units.map((_, i) => svg("rect", this.node, {
        class: "mdp-s-unit", x: x + i * step + 0.5, y: top + 0.5, rx: 2.5,
        width: Math.max(2, step - 2.5), height: this.thick - 1 }));
    } else {
      svg("rect", this.node, { class: "mdp-s-track", x: x + 0.5, y: top + 0.5, rx: 2.5,
                               width: this.width - 1, height: this.thick - 1 });
      this.fill = svg("rect", this.node, { class: "mdp-s-fill", x, y: top, rx: 3, height: this.thick });
      this.diff = svg("rect", this.node, { class: "mdp-s-diff", y: top + 0.5, height: this.thick - 1 });
      this.left = x;
    }
    this.text = svg("text", this.node, { class: "mdp-s-number", x: x + width, y: y + high / 2 });
    this.pin = svg("path", this.node, { class: "mdp-s-pin",
      d: `M${x - 3} ${y + high / 2} l3.5 -3.5 3.5 3.5 -3.5 3.5z` });
  }
  update(bar, wide) {
    this.title.textContent = describe(bar);
    const a = bar.a ?? bar.kept;
    this.units?.forEach((unit, i) => {
      const inA = bar.units_a.length ? bar.units_a[i] : bar.units[i];
      unit.classList.toggle("on", Boolean(bar.units[i] && inA));
      unit.classList.toggle("a-only", Boolean(inA && !bar.units[i]));
      unit.classList.toggle("b-only", Boolean(bar.units[i] && !inA));
    });
    if (this.fill) {
      const long = (units) => (this.width * units) / bar.dense;
      this.fill.style.width = `${long(Math.min(bar.kept, a))}px`;
      this.diff.style.display = a === bar.kept ? "none" : "";
      if (a !== bar.kept) {
        this.diff.setAttribute("class", `mdp-s-diff ${a > bar.kept ? "a-only" : "b-only"}`);
        set(this.diff, { x: this.left + long(Math.min(bar.kept, a)), width: long(Math.abs(bar.kept - a)) });
      }
    }
    this.text.classList.toggle("differs", a !== bar.kept);
    this.text.textContent = bar.kept ? (wide ? `${bar.kept} of ${bar.dense}` : bar.kept) : "";
    this.text.classList.toggle("dense", bar.kept === bar.dense);
    this.pin.style.display = bar.pinned ? "" : "none";
  }
}

class Picture {
  constructor(el, model) {
    this.el = el;
    this.model = model;
    this.id = Math.random().toString(36).slice(2, 8); // patterns have names, and a page may have two pictures
    this.root = svg("svg", el, { role: "grid", class: "mdp-s" });
    this.root.addEventListener("click", (event) => this.look(event.target.closest("[data-cell]")));
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  draw(onPaper) {
    const info = this.model.get("info");
    if (!info.groups) return;
    const width = widthOf(this.el, onPaper);
    const height = this.model.get("height") === "auto"
      ? Math.max(LEAST_HIGH, HEAD + ROW * linesOf(info).length) : this.el.clientHeight;
    if (!width || !height) return;
    const shape = JSON.stringify([width, height, info.columns, info.fixed > 0, info.groups.map((g) =>
      [g.name, g.bars.map((b) => [b.dim, b.dense]), g.rows.map((r) => [r.block, r.bars.map((b) => [b.dim, b.dense])])])]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(info, width, height);
    }
    this.update(info);
    this.mark();
  }

  build(info, width, height) {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.cell : null;
    this.root.replaceChildren();
    this.hatches();
    this.bars = new Map();
    this.rows = new Map();
    this.cells = [];
    const lines = linesOf(info);
    const feet = info.fixed > 0 ? FOOT : 0;
    const { parts, high } = arrange(lines, height - feet, width);
    const panel = (width - GAP * (parts.length - 1)) / parts.length;
    const total = HEAD + high * Math.max(...parts.map((p) => p.length));
    const tall = Math.max(total, 10) + feet;
    set(this.root, { width, height: tall, viewBox: `0 0 ${width} ${tall}` });
    parts.forEach((part, p) => this.buildPanel(info, part, p * (panel + GAP), panel, high));
    this.fixed = feet ? this.buildFixed(tall - FOOT, width) : null;
    if (focused) this.cells.flat().find((c) => c.dataset.cell === focused)?.focus({ preventScroll: true });
  }

  // What no plan changes, and its share of this plan's time.
  buildFixed(y, width) {
    const node = svg("g", this.root, { class: "mdp-s-fixed", "aria-hidden": "true" });
    const middle = y + FOOT / 2 + 1, from = Math.max(width / 2, 330), long = width - from - 6;
    svg("line", node, { x1: 0, x2: width, y1: y + 2.5, y2: y + 2.5 });
    const text = svg("text", node, { x: 4, y: middle });
    if (long < 60) return { text };
    svg("rect", node, { class: "mdp-s-track", x: from, y: middle - 4, width: long, height: 8, rx: 2.5 });
    return { text, long, fill: svg("rect", node, { class: "mdp-s-whole", x: from, y: middle - 4, height: 8, rx: 2.5 }) };
  }

  // What only A or only B keeps is told by its pattern: strokes the one way, dots the other.
  hatches() {
    const defs = svg("defs", this.root);
    const pattern = (name) => svg("pattern", defs, { id: `mdp-s-${name}-${this.id}`, width: 5, height: 5,
                                                     patternUnits: "userSpaceOnUse" });
    const a = pattern("a"), b = pattern("b");
    svg("path", a, { d: "M-1 6 L6 -1 M-1 1 L1 -1 M4 6 L6 4", class: "mdp-s-hatch-a" });
    svg("rect", b, { width: 5, height: 5, class: "mdp-s-hatch-b" });
    svg("circle", b, { cx: 2.5, cy: 2.5, r: 1.15, class: "mdp-s-dot-b" });
    this.root.style.setProperty("--a-only", `url(#mdp-s-a-${this.id})`);
    this.root.style.setProperty("--b-only", `url(#mdp-s-b-${this.id})`);
  }

  buildPanel(info, lines, left, width, high) {
    const rows = lines.filter((l) => l.row).map((l) => l.row);
    const label = 14 + 7.2 * Math.min(14, Math.max(2, ...rows.map((r) => r.label.length)));
    const end = 58, first = left + label, inner = width - label - end;
    const dense = Object.fromEntries(info.columns.map((c) =>
      [c, [...new Set(rows.flatMap((r) => r.bars.filter((b) => b.label === c).map((b) => b.dense)))]]));
    const digits = (c) => 9 + 6.6 * String(Math.max(1, ...dense[c])).length;
    const cell = inner / Math.max(1, info.columns.length);
    const names = lines.filter((l) => l.group).map((l) => clip(l.group.name, MOST_SHARED).length);
    const from = Math.max(first, left + 18 + 7.4 * Math.max(0, ...names));
    const head = svg("g", this.root, { class: "mdp-s-head", "aria-hidden": "true" });
    info.columns.forEach((c, i) => svg("text", head, { x: first + i * cell, y: HEAD / 2 },
      dense[c].length === 1 && cell > 7 * (c.length + 8) ? `${c} of ${dense[c][0]}` : c));
    svg("text", head, { x: left + width, y: HEAD / 2, class: "mdp-s-end" }, info.unit);
    const shared = lines.flatMap((l) => l.group?.bars.map((b) => String(b.dense).length) ?? []);
    const room = 34 + 13 * Math.max(1, ...shared);
    lines.forEach((line, n) => {
      const y = HEAD + n * high;
      const node = svg("g", this.root, { role: "row", class: line.row ? "mdp-s-row" : "mdp-s-group" });
      const cells = [];
      if (line.row) node.dataset.block = line.row.block;
      if (line.group) {
        const name = svg("text", node, { x: left + 4, y: y + high / 2, class: "mdp-s-name" },
                         clip(line.group.name, MOST_SHARED));
        svg("title", name, {}, line.group.name);
        line.group.bars.forEach((bar, i) => {
          const wide = (left + width - from) / line.group.bars.length;
          const g = this.cell(node, "gridcell", "", bar.dim);
          this.bars.set(bar.dim, [new Bar(g, { ...bar, units: [] }, from + i * wide, y, wide - CELL_GAP, high, room),
                                  true, g]);
          cells.push(g);
        });
      } else {
        const back = svg("rect", node, { class: "mdp-s-back", x: left, y: y + 0.5, width, height: high - 1, rx: 4 });
        const name = this.cell(node, "rowheader", line.row.block, "");
        svg("rect", name, { class: "mdp-s-hit", x: left + 1, y: y + 1, width: label - 8, height: high - 2, rx: 4 });
        svg("text", name, { x: left + 8, y: y + high / 2, class: "mdp-s-label" },
            clip(line.row.label, MOST_NAME));
        const title = svg("title", name);
        cells.push(name);
        const inside = svg("g", node, { class: "mdp-s-inside" });
        for (const bar of line.row.bars) {
          const i = info.columns.indexOf(bar.label);
          const g = this.cell(inside, "gridcell", line.row.block, bar.dim);
          this.bars.set(bar.dim, [new Bar(g, bar, first + i * cell, y, cell - CELL_GAP, high, digits(bar.label)),
                                  false, g]);
          cells.push(g);
        }
        if (!line.row.bars.length) svg("text", inside, { x: first, y: y + high / 2, class: "mdp-s-none" }, "only shared widths");
        const gone = svg("g", node, { class: "mdp-s-gone", "aria-hidden": "true" });
        svg("line", gone, { x1: first, x2: first + inner - CELL_GAP, y1: y + high / 2, y2: y + high / 2 });
        svg("rect", gone, { x: first + inner / 2 - 36, y: y + 2, width: 72, height: high - 4 });
        svg("text", gone, { x: first + inner / 2, y: y + high / 2 }, "removed");
        const time = svg("text", node, { x: left + width - 6, y: y + high / 2, class: "mdp-s-time" });
        const pin = svg("path", node, { class: "mdp-s-pin",
          d: `M${left + 1} ${y + high / 2} l3.5 -3.5 3.5 3.5 -3.5 3.5z` });
        node.addEventListener("click", (event) => { if (!event.target.closest("[data-cell]")) this.look(name); });
        this.rows.set(line.row.block, { node, name, title, time, back, pin });
      }
      if (cells.length) this.cells.push(cells);
    });
  }

  cell(parent, role, block, dim) {
    return svg("g", parent, { role, tabindex: -1, "data-cell": `${block}|${dim}`, "data-block": block,
                              "data-dim": dim });
  }

  update(info) {
    this.root.setAttribute("aria-label", this.model.get("label"));
    if (this.fixed) {
      const share = info.latency ? info.fixed / info.latency : 0;
      this.fixed.text.textContent =
        `stays whole: ${short(info.fixed)} ${info.unit}, ${(100 * share).toFixed(0)} % of this plan's time`;
      if (this.fixed.fill) this.fixed.fill.style.width = `${this.fixed.long * Math.min(1, share)}px`;
    }
    for (const group of info.groups) {
      const all = [...group.bars, ...group.rows.flatMap((r) => r.bars)];
      for (const bar of all) {
        const [drawn, wide, cell] = this.bars.get(bar.dim);
        drawn.update(bar, wide);
        cell.setAttribute("aria-label", describe(bar));
      }
      for (const row of group.rows) {
        const { node, name, title, time, pin } = this.rows.get(row.block);
        node.classList.toggle("removed", row.removed);
        node.classList.toggle("a-keeps", row.removed && row.a_removed === false);
        const text = `${row.block}: ${latency(row, info.unit)}${row.pinned ? ", pinned" : ""}`;
        name.setAttribute("aria-label", text);
        title.textContent = text;
        time.textContent = row.removed ? "0" : short(row.latency);
        pin.style.display = row.pinned ? "" : "none";
      }
    }
  }

  mark() {
    const { block, dim } = this.model.get("selected");
    for (const [name, { node }] of this.rows ?? []) node.classList.toggle("selected", name === block);
    for (const [name, entry] of this.bars ?? []) {
      entry[2].classList.toggle("selected", name === dim);
      entry[2].setAttribute("aria-selected", String(name === dim));
    }
    const all = (this.cells ?? []).flat();
    const home = all.find((c) => c.dataset.dim === dim && dim) ?? all.find((c) => c.dataset.block === block) ?? all[0];
    all.forEach((c) => c.setAttribute("tabindex", c === home ? 0 : -1));
  }

  look(cell) {
    if (!cell) return;
    const { block, dim } = cell.dataset;
    this.model.send({ kind: "look", block, dim });
    cell.focus({ preventScroll: true });
  }

  key(event) {
    const r = this.cells.findIndex((row) => row.includes(event.target));
    if (r < 0) return;
    const c = this.cells[r].indexOf(event.target);
    const row = (i) => this.cells[Math.max(0, Math.min(this.cells.length - 1, i))];
    const at = (list, i) => list[Math.max(0, Math.min(list.length - 1, i))];
    const next = { ArrowDown: () => at(row(r + 1), c), ArrowUp: () => at(row(r - 1), c),
                   ArrowRight: () => at(row(r), c + 1), ArrowLeft: () => at(row(r), c - 1),
                   Home: () => at(row(0), c), End: () => at(row(this.cells.length - 1), c),
                   Enter: () => event.target, " ": () => event.target }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    this.look(next);
  }
}

// The same as text: one line per block, with the shared widths where they begin.
function rowsOf({ groups, columns, fixed }) {
  const kept = (bar) => (bar ? `${bar.kept} of ${bar.dense}` + (bar.a === null ? "" : ` (A: ${bar.a})`) : "");
  const whole = fixed > 0 ? [["stays whole", ...columns.map(() => ""), short(fixed), short(fixed)]] : [];
  return groups.flatMap((group) => [
    ...group.bars.map((bar) => [`${bar.label} (shared)`, kept(bar), ...columns.slice(1).map(() => ""), "", ""]),
    ...group.rows.map((row) => [row.block,
      ...columns.map((c) => (row.removed ? "removed" : kept(row.bars.find((b) => b.label === c)))),
      short(row.latency), short(row.dense_latency)]),
  ]).concat(whole);
}

// The foot: a caption, and a button that puts the table in the picture's place; filled only while it is there.
function foot(el, model) {
  const table = dom("table", "mdp-table", dom("div", "mdp-s-table", el)), box = table.parentElement;
  const line = dom("div", "mdp-s-foot", el), caption = dom("div", "mdp-s-caption", line);
  const button = dom("button", "", line, "As a table");
  box.hidden = true;
  box.tabIndex = 0;
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  const fill = () => {
    const info = model.get("info");
    if (box.hidden || !info.groups) return;
    table.replaceChildren();
    const row = (tag, texts) => { const tr = dom("tr", "", table); texts.forEach((text) => dom(tag, "", tr, text)); };
    row("th", ["block", ...info.columns, info.what, "dense"]);
    rowsOf(info).forEach((texts) => row("td", texts));
  };
  button.addEventListener("click", () => {
    box.hidden = !box.hidden;
    el.classList.toggle("as-table", !box.hidden);
    button.setAttribute("aria-expanded", String(!box.hidden));
    fill();
  });
  const say = () => {
    const { block, lines } = model.get("caption");
    caption.replaceChildren();
    (lines ?? []).forEach((text) => { dom("p", "", caption, text).title = text; });
    if (block) caption.dataset.block = block;
    else delete caption.dataset.block;
  };
  say();
  return [fill, say];
}

function render({ model, el }) {
  el.classList.add("mdp-survivors", "mdp");
  const stage = Object.assign(document.createElement("div"), { className: "mdp-s-stage" });
  el.append(stage);
  const picture = new Picture(stage, model);
  const zoom = new Zoom(el, model);
  zoom.root.style.setProperty("--a-only", `url(#mdp-s-a-${picture.id})`);
  zoom.root.style.setProperty("--b-only", `url(#mdp-s-b-${picture.id})`);
  highlightBlocks();
  let pending = false, onPaper = false;
  const now = () => { pending = false; zoom.draw(widthOf(el, onPaper)); picture.draw(onPaper); };
  const draw = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(now);
  };
  const print = (on) => { onPaper = on; now(); };
  printDraws().add(print);
  const [fill, say] = foot(el, model);
  const mark = () => picture.mark();
  const size = () => { el.style.setProperty("--mdp-height", model.get("height")); };
  size();
  const sizes = new ResizeObserver(draw);
  sizes.observe(stage);
  model.on("change:info change:label change:zoom", draw);
  model.on("change:info", fill);
  model.on("change:caption", say);
  model.on("change:selected", mark);
  model.on("change:height", size);
  return () => {
    printDraws().delete(print);
    sizes.disconnect();
    model.off("change:info change:label change:zoom", draw);
    model.off("change:info", fill);
    model.off("change:caption", say);
    model.off("change:selected", mark);
    model.off("change:height", size);
  };
}

export default { render };
