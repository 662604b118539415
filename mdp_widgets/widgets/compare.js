// A beside B: a sentence and a table whose rows lead to their block.

function render({ model, el }) {
  el.classList.add("mdp-compare", "mdp");
  highlightBlocks();
  const sentence = Object.assign(document.createElement("p"), { className: "mdp-c-sentence" });
  sentence.setAttribute("role", "status");
  const table = Object.assign(document.createElement("table"), { className: "mdp-table" });
  table.setAttribute("aria-label", "What differs between A and B");
  el.append(sentence, table);

  const cell = (tag, text, parent) => {
    const node = Object.assign(document.createElement(tag), { textContent: text });
    parent.append(node);
    return node;
  };
  const show = () => {
    sentence.textContent = model.get("sentence");
    const { columns, rows, blocks } = model.get("table");
    table.hidden = !columns;
    table.replaceChildren();
    if (!columns) return;
    const head = table.createTHead().insertRow();
    columns.forEach((text) => { cell("th", text, head).scope = "col"; });
    const body = table.createTBody();
    rows.forEach((texts, i) => {
      const row = body.insertRow();
      if (i === rows.length - 1) row.className = "mdp-c-sum";
      texts.forEach((text, n) => {
        const node = cell("td", n || !blocks[i] ? text : "", row);
        if (n || !blocks[i]) return;
        const link = cell("button", text, node);
        link.type = "button";
        link.addEventListener("click", () => model.send({ kind: "look", block: blocks[i] }));
      });
      if (blocks[i]) row.dataset.block = blocks[i];
    });
  };
  show();
  model.on("change:table change:sentence", show);
  return () => model.off("change:table change:sentence", show);
}

export default { render };
