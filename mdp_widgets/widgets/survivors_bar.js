// One width of the architecture's picture: kept and gone units, of one plan or of two.

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

