// A button and the menu that it opens: a click elsewhere or Escape closes it. And the line that says how it went.

function dropdown(open, menu, shown) {
  menu.hidden = true;
  open.setAttribute("aria-expanded", "false");
  open.setAttribute("aria-haspopup", "dialog");
  function show(visible) {
    menu.hidden = !visible;
    open.setAttribute("aria-expanded", String(visible));
    shown(visible);
  }
  const away = (event) => { if (!menu.hidden && !menu.contains(event.target) && event.target !== open) show(false); };
  const escape = (event) => { if (event.key === "Escape" && !menu.hidden) { show(false); open.focus(); } };
  open.addEventListener("click", () => show(menu.hidden));
  document.addEventListener("pointerdown", away);
  document.addEventListener("keydown", escape);
  return () => {
    document.removeEventListener("pointerdown", away);
    document.removeEventListener("keydown", escape);
  };
}

function tell(node, text, wrong) {
  node.textContent = text;
  node.className = wrong ? "mdp-error" : "mdp-p-said";
  node.setAttribute("role", wrong ? "alert" : "status");
  node.hidden = !text;
}
