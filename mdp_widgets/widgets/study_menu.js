// The open study: rename it, delete it. No logic: shows traits, sends what was asked for.

function render({ model, el }) {
  el.classList.add("mdp-planbar", "mdp-studymenu", "mdp", "mdp-noprint");
  const open = dom("button", "", el, "▾", { type: "button", title: "Rename or delete",
    "aria-label": "Rename or delete" });
  const menu = dom("div", "mdp-p-menu", el, "", { role: "dialog", "aria-label": "Rename or delete" });
  const form = dom("form", "", menu);
  const entry = dom("input", "", form, "", { type: "text", maxlength: 120, "aria-label": "Its new name" });
  const rename = dom("button", "mdp-p-save", form, "Rename", { type: "submit" });
  const why = dom("p", "mdp-p-said", menu);
  const said = dom("p", "", menu);
  const ask = dom("p", "mdp-s-ask", menu);
  const remove = dom("button", "mdp-s-delete", menu, "Delete this study", { type: "button" });
  let sure = false;

  const calm = () => {
    sure = false;
    ask.hidden = true;
    remove.textContent = "Delete this study";
  };
  const end = dropdown(open, menu, (visible) => {
    calm();
    if (!visible) return;
    model.set("said", "");
    entry.value = model.get("name");
    model.send({ kind: "look" });
    (entry.disabled ? open : entry).focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    calm();
    model.send({ kind: "rename", to: entry.value });
  });
  remove.addEventListener("click", () => {
    if (sure) {
      calm();
      model.send({ kind: "delete" });
      return;
    }
    sure = true; // asked once: the second click deletes
    ask.hidden = false;
    remove.textContent = "Really delete it";
  });

  const showStudy = () => {
    const fixed = Boolean(model.get("why"));
    entry.value = model.get("name");
    why.textContent = model.get("why");
    why.hidden = !fixed;
    for (const node of [entry, rename, remove]) node.disabled = fixed || !model.get("name");
    open.disabled = !model.get("name");
    calm();
  };
  const showBelongs = () => { ask.textContent = model.get("belongs"); };
  const showSaid = () => tell(said, model.get("said"), model.get("wrong"));
  const watch = [["change:name change:why", showStudy], ["change:belongs", showBelongs],
                 ["change:said change:wrong", showSaid]];
  watch.forEach(([events, act]) => model.on(events, act));
  watch.forEach(([, act]) => act());
  return () => {
    end();
    watch.forEach(([events, act]) => model.off(events, act));
  };
}

export default { render };
