// Limits beside the latency budget: one small slider and entry for each resource, folded away until asked for.

const limitsRow = (model, toggle, row) => {
  let open = false;
  const cells = new Map();
  const send = (name, text) => model.send({ kind: "limit", name, text });

  const make = (item) => {
    const cell = dom("div", "mdp-b-limit", row, "", { role: "group", "aria-label": `Limit of ${item.label}` });
    dom("span", "mdp-b-limit-name", cell, item.label);
    const input = dom("input", "", cell, "", { type: "text", "aria-label": `Most ${item.label}`, spellcheck: "false",
                                              autocomplete: "off", placeholder: "no limit" });
    const range = rangeInput(cell, { min: 1, max: 200, step: 1,
                                              "aria-label": `Most ${item.label} as a share of dense` });
    const note = dom("span", "mdp-b-note", cell);
    const mark = () => {
      range.style.setProperty("--at", `${range.value / 2}%`);
      range.setAttribute("aria-valuetext", range.value >= 200 ? "no limit" : `${range.value / 2} % of dense`);
    };
    range.addEventListener("input", () => {
      mark();
      input.value = range.value >= 200 ? "" : `${range.value / 2} %`;
    });
    range.addEventListener("change", () => send(item.name, range.value >= 200 ? "" : `${range.value / 2}%`));
    const type = () => { if (input.value.trim() !== input.dataset.before) send(item.name, input.value.trim()); };
    input.addEventListener("focus", () => { input.dataset.before = input.value.trim(); input.select(); });
    input.addEventListener("change", type);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") input.blur();
      if (event.key === "Escape") { input.value = input.dataset.before; input.blur(); }
    });
    return { cell, input, range, note, mark };
  };
  const show = () => {
    const items = model.get("limits"), held = items.filter((item) => item.text).length;
    toggle.hidden = !items.length;
    toggle.textContent = held ? `More limits (${held})` : "More limits";
    toggle.classList.toggle("held", held > 0);
    toggle.setAttribute("aria-expanded", String(open));
    row.hidden = !open || !items.length;
    for (const [name, made] of cells) {
      if (!items.some((item) => item.name === name)) { made.cell.remove(); cells.delete(name); }
    }
    for (const item of items) {
      if (!cells.has(item.name)) cells.set(item.name, make(item));
      const { cell, input, range, note, mark } = cells.get(item.name);
      cell.title = item.title;
      input.value = item.text;
      range.value = Math.round(2 * item.share);
      note.textContent = item.note;
      mark();
    }
  };
  toggle.addEventListener("click", () => { open = !open; show(); });
  return show;
};
