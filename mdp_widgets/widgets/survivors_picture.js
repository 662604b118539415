// The architecture as a grid: one row per block, one cell per dim. Draws `info`, reports what is looked at.
// Elements are kept and updated, so that a drag animates and nothing jumps; only another study builds anew.

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
    const most = Math.min(MOST_SHARED, Math.max(LEAST_SHARED, Math.floor((0.4 * panel) / 7.4)));
    const named = lines.filter((l) => l.group).map((l) => l.group.name);
    const short = clipped(named, most);
    this.shown = Object.fromEntries(named.map((name, i) => [name, short[i]]));
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
    const names = lines.filter((l) => l.group).map((l) => this.shown[l.group.name].length);
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
                         this.shown[line.group.name]);
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

