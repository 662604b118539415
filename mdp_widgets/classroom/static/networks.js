// The networks that were handed in: what importance says (points), and what images say, once the server has measured it.

const networks = (parent, lines, most = Infinity) => {
  if (!lines?.length) { parent.replaceChildren(); return; }
  const table = dom("table", "networks", null);
  const head = dom("tr", "", dom("thead", "", table));
  for (const text of ["Nickname", "Round", "Points", "Accuracy", "The solver's"]) dom("th", "", head, text, { scope: "col" });
  const body = dom("tbody", "", table);
  const percent = (share) => (share === null ? "…" : `${(100 * share).toFixed(1)} %`);
  for (const { nickname, round, points, accuracy, solver } of lines.slice(0, most)) {
    const row = dom("tr", "", body);
    dom("th", "", row, nickname, { scope: "row" });
    for (const text of [round, points, percent(accuracy), percent(solver)]) dom("td", "", row, String(text));
  }
  parent.replaceChildren(table, dom("p", "note", null, "Points are importance; accuracy is measured here on test images, repaired and not trained. … waits to be measured."));
};

