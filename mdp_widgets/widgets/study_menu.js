// The open study: rename it, delete it. No logic: shows traits, sends what was asked for.

function render({ model, el }) {
  el.classList.add("mdp-planbar", "mdp-studymenu", "mdp", "mdp-noprint");
  const open = dom("button", "", el, "▾", { type: "button", title: "Rename or delete",
    "aria-label": "Rename or delete", "aria-expanded": "false", "aria-haspopup": "dialog" });
  const menu = dom("div", "mdp-p-menu", el, "", { role: "dialog", "aria-label": "Rename or delete" });
  menu.hidden = true;
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
  function show(visible) {
    menu.hidden = !visible;
    open.setAttribute("aria-expanded", String(visible));
    calm();
    if (!visible) return;
    model.set("said", "");
    entry.value = model.get("name");
    model.send({ kind: "look" });
    (entry.disabled ? open : entry).focus();
  }
  open.addEventListener("click", () => show(menu.hidden));
  const away = (event) => { if (!menu.hidden && !menu.contains(event.target) && event.target !== open) show(false); };
  document.addEventListener("pointerdown", away);
  const escape = (event) => { if (event.key === "Escape" && !menu.hidden) { show(false); open.focus(); } };
  document.addEventListener("keydown", escape);
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
  const showSaid = () => {
    said.textContent = model.get("said");
    said.className = model.get("wrong") ? "mdp-error" : "mdp-p-said";
    said.setAttribute("role", model.get("wrong") ? "alert" : "status");
    said.hidden = !model.get("said");
  };
  const watch = [["change:name change:why", showStudy], ["change:belongs", showBelongs],
                 ["change:said change:wrong", showSaid]];
  watch.forEach(([events, act]) => model.on(events, act));
  watch.forEach(([, act]) => act());
  return () => {
    document.removeEventListener("pointerdown", away);
    document.removeEventListener("keydown", escape);
    watch.forEach(([events, act]) => model.off(events, act));
  };
}

export default { render };
