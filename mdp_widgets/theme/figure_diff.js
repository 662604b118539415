// What a figure was last drawn from, so that a step of a drag redraws only the points that moved.
// Plotly tells what is new by identity: the same objects again for all that stays. Where nothing but x and y of
// scatter traces moved, a transition that takes no time makes it redraw those alone, in half the time.

class FigureDiff {
  constructor() {
    this.traces = [];
    this.layout = null;
  }

  // [traces, layout] for Plotly.react. `look` names the theme; `resolve` looks its colours up.
  recall(traces, layout, look, resolve) {
    const before = this.traces, text = look + JSON.stringify(layout);
    let light = traces.length === before.length && text === this.layout?.text;
    this.traces = traces.map((raw, i) => {
      const old = before[i];
      if (old?.raw === raw && old.look === look) return old;
      const { x, y, ...rest } = raw;
      const now = { raw, look, at: JSON.stringify([x, y]), rest: look + JSON.stringify(rest) };
      if (old?.rest !== now.rest) {
        light = false;
        return { ...now, value: resolve(raw) };
      }
      if (old.at === now.at) return { ...now, value: old.value };
      light &&= raw.type === "scatter";
      return { ...now, value: { ...old.value, x, y } };
    });
    if (text !== this.layout?.text) this.layout = { text, value: resolve(layout) };
    if (light) this.layout.value.transition = { duration: 0 };
    else delete this.layout.value.transition;
    return [this.traces.map((t) => t.value), this.layout.value];
  }
}

