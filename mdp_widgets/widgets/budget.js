// The budget: a slider with exact entry in ms and % of dense, and what the budget buys.

const STEPS = 2000;
const KEYS = { ArrowLeft: -10, ArrowDown: -10, ArrowRight: 10, ArrowUp: 10, PageDown: -100, PageUp: 100 };

function render({ model, el }) {
  el.classList.add("mdp-budget", "mdp");
  const control = dom("div", "mdp-b-control", el);
  const title = dom("div", "mdp-b-title", control);
  const label = dom("label", "mdp-b-label", title, "", { for: "mdp-budget-range" });
  const toggle = dom("button", "mdp-b-more", title, "", { type: "button", title: "Parameters, multiply-adds" });
  const entry = (className, unit, name) => {
    const box = dom("span", `mdp-b-entry ${className}`, control);
    const input = dom("input", "", box, "", { type: "text", inputmode: "decimal", "aria-label": name, spellcheck: "false",
                                          autocomplete: "off" });
    const suffix = dom("span", "", box);
    suffix.textContent = unit;
    return { input, suffix };
  };
  const absolute = entry("absolute", "ms", "Budget");
  const share = entry("share", "% of dense", "Budget as a percentage of dense");
  const track = dom("div", "mdp-b-track", control);
  const range = rangeInput(track, { id: "mdp-budget-range", min: 0, max: STEPS, step: 1 });
  const scale = dom("div", "mdp-b-scale", track, "", { "aria-hidden": "true" });
  const row = dom("div", "mdp-b-limits", el, "", { role: "group", "aria-label": "More limits" });
  const showLimits = limitsRow(model, toggle, row);
  const answered = (message) => { if (message.kind === "answered") showLimits(); };
  const facts = dom("div", "mdp-b-facts", el, "", { role: "list", "aria-label": "What the budget buys" });
  let dragging = false;

  const low = () => model.get("min_latency"), high = () => model.get("dense");
  const toValue = (step) => low() + ((high() - low()) * step) / STEPS;
  const toStep = (value) => (high() > low() ? Math.round((STEPS * (value - low())) / (high() - low())) : STEPS);

  const showBudget = () => {
    const budget = model.get("budget"), unit = model.get("unit");
    absolute.suffix.textContent = `${unit} of ${model.get("dense_text")}`;
    if (!dragging) range.value = toStep(budget);
    range.style.setProperty("--at", `${(100 * range.value) / STEPS}%`);
    const percent = high() ? (100 * budget) / high() : 0;
    if (document.activeElement !== absolute.input) absolute.input.value = model.get("budget_text");
    absolute.input.style.width = `${Math.max(68, 22 + 10 * model.get("budget_text").length)}px`;
    if (document.activeElement !== share.input) share.input.value = percent.toFixed(1);
    range.setAttribute("aria-valuetext", `${model.get("budget_text")} ${unit}, ${percent.toFixed(1)} % of dense`);
    for (const control of [range, absolute.input, share.input]) control.disabled = !high();
  };
  const showScale = () => {
    const marks = [];
    for (let p = 10; p <= 100; p += 10) {
      const at = (p / 100 * high() - low()) / (high() - low());
      if (at >= 0.005) marks.push([p, at]);
    }
    scale.replaceChildren(...(high() > low() ? marks : []).map(([p, at]) => {
      const mark = dom("span", "", null);
      mark.style.left = `${100 * at}%`;
      mark.textContent = `${p} %`;
      return mark;
    }));
    showBudget();
  };
  const showFacts = () => {
    const wanted = model.get("facts");
    while (facts.children.length > wanted.length) facts.lastChild.remove();
    wanted.forEach((fact, i) => {
      let box = facts.children[i];
      if (!box) {
        box = dom("div", "", facts, "", { role: "listitem" });
        for (const name of ["name", "value", "note"]) dom("span", `mdp-b-${name}`, box);
      }
      box.className = fact.kind ?? "";
      box.title = fact.title ?? "";
      const texts = [fact.name, fact.value, fact.note ?? ""];
      texts.forEach((text, n) => { if (box.children[n].textContent !== text) box.children[n].textContent = text; });
      if (fact.band) box.children[1].dataset.band = fact.band;
      else delete box.children[1].dataset.band;
    });
  };

  range.addEventListener("pointerdown", () => { dragging = true; });
  range.addEventListener("input", () => {
    model.set("budget", Number(range.value) >= STEPS ? high() : toValue(Number(range.value)));
    model.save_changes();
  });
  range.addEventListener("change", () => {
    dragging = false;
    model.send({ kind: "settle" });
  });
  // Half a percent a key press, five with Page, a twentieth of one with Shift: the native step is too fine.
  range.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    range.value = Number(range.value) + (event.shiftKey ? Math.sign(step) : step);
    range.dispatchEvent(new Event("input"));
  });
  range.addEventListener("keyup", (event) => { if (KEYS[event.key]) model.send({ kind: "settle" }); });
  const enter = (input, suffix) => () => {
    if (input.value.trim() === input.dataset.before) return;
    // 12,5 is a decimal comma; 129,614 is one too where people think in ones, and thousands where in many.
    const thousands = high() >= 1000 && /^\d{1,3}(,\d{3})+(\.\d*)?$/.test(input.value.trim());
    const text = input.value.trim().replaceAll(",", thousands ? "" : ".");
    model.send({ kind: "typed", text: text + (suffix && !text.endsWith("%") ? "%" : "") });
    input.dataset.before = input.value.trim();
  };
  for (const [input, suffix] of [[absolute.input, ""], [share.input, "%"]]) {
    const send = enter(input, suffix);
    input.addEventListener("focus", () => { input.dataset.before = input.value.trim(); input.select(); });
    input.addEventListener("change", send);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { send(); input.blur(); }
      if (event.key === "Escape") { input.value = input.dataset.before; input.blur(); }
    });
    input.addEventListener("blur", showBudget);
  }

  model.on("change:budget change:budget_text", showBudget);
  model.on("change:min_latency change:dense change:dense_text change:unit", showScale);
  const showLabel = () => { label.textContent = model.get("label"); };
  model.on("change:label", showLabel);
  model.on("change:facts", showFacts);
  model.on("change:limits", showLimits);
  model.on("msg:custom", answered);
  const showPrice = () => { label.title = model.get("price"); };
  model.on("change:price", showPrice);
  showLabel();
  showPrice();
  showScale();
  showFacts();
  showLimits();
  return () => {
    model.off("change:budget change:budget_text", showBudget);
    model.off("change:min_latency change:dense change:dense_text change:unit", showScale);
    model.off("change:label", showLabel);
    model.off("change:facts", showFacts);
    model.off("change:limits", showLimits);
    model.off("change:price", showPrice);
    model.off("msg:custom", answered);
  };
}

export default { render };
