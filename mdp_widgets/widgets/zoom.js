// One dim close up: its width steps by rank, and its units where they are in the dense network.
const ZOOM = { high: 40, label: 128, number: 86, thick: 12 };

class Zoom {
  constructor(el, model) {
    this.model = model;
    this.root = svg("svg", el, { class: "mdp-s mdp-s-zoom", role: "img" });
  }

  draw(width) {
    const { dim, label, options, ranks } = this.model.get("zoom");
    const bar = width && dim && this.find(dim);
    this.root.style.display = bar ? "" : "none";
    if (!bar) return;
    const long = width - ZOOM.label - ZOOM.number, at = (units) => ZOOM.label + (long * units) / bar.dense;
    const a = bar.a ?? bar.kept;
    const kind = (rank) => (rank < Math.min(bar.kept, a) ? "on" : rank < a ? "a-only" : rank < bar.kept ? "b-only" : "");
    this.root.replaceChildren();
    set(this.root, { width, height: ZOOM.high, viewBox: `0 0 ${width} ${ZOOM.high}`,
      "aria-label": `${label} of ${dim}: ${bar.kept} of ${bar.dense} units kept, `
        + `${options.filter((o) => o <= bar.kept).length} of ${options.length} width steps by rank` });
    const name = label.replace(/ \(.*\)$/, "");
    svg("text", this.root, { x: 4, y: 10, class: "mdp-s-label" }, `${clip(name, 10)} by rank`);
    svg("text", this.root, { x: 4, y: 30, class: "mdp-s-time mdp-s-start" }, "in the network");
    svg("text", this.root, { x: width - 6, y: 20, class: "mdp-s-number" }, `${bar.kept} of ${bar.dense}`);
    options.forEach((end, i) => {
      const start = i ? options[i - 1] : 0, gap = long / options.length > 5 ? 2 : 0.5;
      const cell = svg("rect", this.root, { class: `mdp-s-unit ${kind(start)}`, x: at(start) + 0.5, y: 4, rx: 2,
                                            width: Math.max(0.5, at(end) - at(start) - gap), height: ZOOM.thick });
      svg("title", cell, {}, `Ranks ${start + 1} to ${end}: ${kind(start) ? "kept" : "pruned"}`);
    });
    svg("rect", this.root, { class: "mdp-s-track", x: at(0) + 0.5, y: 24, width: long - 2, height: ZOOM.thick });
    for (const name of ["on", "a-only", "b-only"]) {
      const runs = []; // [first unit, unit after the last], neighbours joined so that no seam shows
      ranks.forEach((rank, unit) => {
        if (kind(rank) !== name) return;
        if (runs.at(-1)?.[1] === unit) runs.at(-1)[1] = unit + 1;
        else runs.push([unit, unit + 1]);
      });
      const d = runs.map(([from, to]) => `M${at(from).toFixed(1)} 24H${at(to).toFixed(1)}v${ZOOM.thick}H${at(from).toFixed(1)}z`);
      if (d.length) svg("path", this.root, { class: `mdp-s-place ${name}`, d: d.join("") });
    }
  }

  find(dim) {
    for (const group of this.model.get("info").groups ?? []) {
      const bar = [...group.bars, ...group.rows.flatMap((r) => r.bars)].find((b) => b.dim === dim);
      if (bar) return bar;
    }
    return null;
  }
}

