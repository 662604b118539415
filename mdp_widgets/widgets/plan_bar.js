// Keep as A, swap, clear; and the menu of named plans. No logic: shows traits, sends what was asked for.

function render({ model, el }) {
  el.classList.add("mdp-planbar", "mdp", "mdp-noprint");
  const send = (kind, more = {}) => model.send({ kind, ...more });
  const button = (parent, text, title, act) => {
    const node = dom("button", "", parent, text);
    node.type = "button";
    node.title = title;
    if (title !== text) node.setAttribute("aria-label", title);
    node.addEventListener("click", act);
    return node;
  };

  const keep = button(el, "Keep as A", "Keep this plan as A and compare", () => send("keep"));
  const pair = dom("span", "mdp-p-pair", el);
  pair.setAttribute("role", "group");
  pair.setAttribute("aria-label", "Compared plans");
  const a = dom("span", "mdp-p-a", pair);
  button(pair, "⇄", "Swap A and B", () => send("swap"));
  const b = dom("span", "mdp-p-b", pair);
  button(pair, "✕", "Compare no more", () => { send("clear"); keep.focus(); });

  const open = button(el, "Plans ▾", "Named plans", () => {}); // `dropdown` opens it
  const menu = dom("div", "mdp-p-menu", el);
  menu.setAttribute("role", "dialog");
  menu.setAttribute("aria-label", "Named plans");
  const form = dom("form", "", menu);
  const entry = dom("input", "", form);
  entry.type = "text";
  entry.placeholder = "Name of this plan";
  entry.maxLength = 60;
  entry.setAttribute("aria-label", "Name of this plan");
  const save = dom("button", "mdp-p-save", form, "Save");
  save.type = "submit";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("save", { name: entry.value });
  });
  const said = dom("p", "", menu);
  const list = dom("ul", "", menu);

  const end = dropdown(open, menu, (visible) => {
    if (!visible) return;
    model.set("said", "");
    send("list");
    entry.focus();
  });

  const line = (plan) => {
    const item = dom("li", plan.error ? "wrong" : "");
    const choose = button(item, plan.name, plan.name, () => { send("choose", { name: plan.name }); });
    choose.className = "mdp-p-name";
    choose.disabled = Boolean(plan.error);
    dom("span", "mdp-p-text", item, plan.text);
    const compare = button(item, "A", `Compare with ${plan.name}`, () => send("compare", { name: plan.name }));
    compare.disabled = Boolean(plan.error);
    const rename = button(item, "✎", `Rename ${plan.name}`, () => renaming(item, plan));
    rename.disabled = Boolean(plan.error);
    const remove = button(item, "–", `Delete ${plan.name}`, () => {
      if (remove.dataset.sure) send("delete", { name: plan.name });
      remove.dataset.sure = "yes"; // asked once: the second click deletes
      remove.textContent = "Delete?";
      remove.setAttribute("aria-label", `Really delete ${plan.name}`);
    });
    remove.addEventListener("blur", () => {
      delete remove.dataset.sure;
      remove.textContent = "–";
      remove.setAttribute("aria-label", `Delete ${plan.name}`);
    });
    if (plan.error) dom("p", "mdp-p-error", item, plan.error);
    return item;
  };
  const renaming = (item, plan) => {
    const input = Object.assign(document.createElement("input"), { type: "text", value: plan.name, maxLength: 60 });
    input.setAttribute("aria-label", `New name of ${plan.name}`);
    let done = false;
    const leave = (ok) => {
      if (done) return;
      done = true;
      if (ok && input.value.trim() && input.value !== plan.name) send("rename", { name: plan.name, to: input.value });
      else showPlans();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); leave(true); }
      if (event.key === "Escape") { event.stopPropagation(); leave(false); }
    });
    input.addEventListener("blur", () => leave(false));
    item.firstChild.replaceWith(input);
    input.select();
  };

  const showPlans = () => {
    const plans = model.get("plans"), within = list.contains(document.activeElement);
    list.replaceChildren(...plans.map(line));
    if (within) entry.focus(); // what had the focus is gone
    if (!plans.length) dom("li", "mdp-p-none", list, "No plan of this study has a name yet.");
  };
  const showSaid = () => {
    tell(said, model.get("said"), model.get("wrong"));
    if (model.get("said") && !model.get("wrong")) entry.value = "";
  };
  const showA = () => {
    const compared = model.get("a");
    keep.hidden = Boolean(compared);
    pair.hidden = !compared;
    a.textContent = `A ${compared}`;
    b.textContent = `B ${model.get("b")}`;
    for (const node of [keep, open, save]) node.disabled = !model.get("ready");
  };
  const watch = [["change:plans", showPlans], ["change:said change:wrong", showSaid],
                 ["change:a change:b change:ready", showA]];
  watch.forEach(([events, act]) => model.on(events, act));
  watch.forEach(([, act]) => act());
  return () => {
    end();
    watch.forEach(([events, act]) => model.off(events, act));
  };
}

export default { render };
