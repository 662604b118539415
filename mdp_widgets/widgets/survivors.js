// The widget of the architecture: the picture, its foot, and what they follow.

// The foot: a caption, and a button that puts the table in the picture's place; filled only while it is there.
function foot(el, model) {
  const table = dom("table", "mdp-table", dom("div", "mdp-s-table", el)), box = table.parentElement;
  const line = dom("div", "mdp-s-foot", el), caption = dom("div", "mdp-s-caption", line);
  const button = dom("button", "", line, "As a table");
  box.hidden = true;
  box.tabIndex = 0;
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  const fill = () => {
    const info = model.get("info");
    if (box.hidden || !info.groups) return;
    table.replaceChildren();
    const row = (tag, texts) => { const tr = dom("tr", "", table); texts.forEach((text) => dom(tag, "", tr, text)); };
    row("th", ["block", ...info.columns, info.what, "dense"]);
    rowsOf(info).forEach((texts) => row("td", texts));
  };
  button.addEventListener("click", () => {
    box.hidden = !box.hidden;
    el.classList.toggle("as-table", !box.hidden);
    button.setAttribute("aria-expanded", String(!box.hidden));
    fill();
  });
  const say = () => {
    const { block, lines } = model.get("caption");
    caption.replaceChildren();
    (lines ?? []).forEach((text) => { dom("p", "", caption, text).title = text; });
    if (block) caption.dataset.block = block;
    else delete caption.dataset.block;
  };
  say();
  return [fill, say];
}

function render({ model, el }) {
  el.classList.add("mdp-survivors", "mdp");
  const stage = Object.assign(document.createElement("div"), { className: "mdp-s-stage" });
  el.append(stage);
  const picture = new Picture(stage, model);
  const zoom = new Zoom(el, model);
  zoom.root.style.setProperty("--a-only", `url(#mdp-s-a-${picture.id})`);
  zoom.root.style.setProperty("--b-only", `url(#mdp-s-b-${picture.id})`);
  highlightBlocks();
  let pending = false, onPaper = false;
  const now = () => { pending = false; zoom.draw(widthOf(el, onPaper)); picture.draw(onPaper); };
  const draw = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(now);
  };
  const print = (on) => { onPaper = on; now(); };
  printDraws().add(print);
  const [fill, say] = foot(el, model);
  const mark = () => picture.mark();
  const size = () => { el.style.setProperty("--mdp-height", model.get("height")); };
  size();
  const sizes = new ResizeObserver(draw);
  sizes.observe(stage);
  model.on("change:info change:label change:zoom", draw);
  model.on("change:info", fill);
  model.on("change:caption", say);
  model.on("change:selected", mark);
  model.on("change:height", size);
  return () => {
    printDraws().delete(print);
    sizes.disconnect();
    model.off("change:info change:label change:zoom", draw);
    model.off("change:info", fill);
    model.off("change:caption", say);
    model.off("change:selected", mark);
    model.off("change:height", size);
  };
}

export default { render };
