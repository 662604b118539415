// What became of a network that was handed in: beside the solver's, and decision by decision.

const results = (parent, result) => {
  dom("p", "mdp-bench-points", parent, result.words);
  const pair = dom("table", "mdp-bench-facts", parent);
  const head = dom("tr", "", dom("thead", "", pair));
  for (const text of ["", "yours", "the solver's"]) dom("th", "", head, text, { scope: "col" });
  const body = dom("tbody", "", pair);
  for (const cells of result.facts) {
    const row = dom("tr", "", body);
    dom("th", "", row, cells[0], { scope: "row" });
    for (const text of cells.slice(1)) dom("td", "", row, text);
  }
  dom("p", "mdp-bench-note", parent, result.note);
  const more = dom("details", "", parent, "", { open: "" });
  dom("summary", "", more, "Decision by decision");
  const table = dom("table", "mdp-bench-differences", more);
  const line = dom("tr", "", dom("thead", "", table));
  for (const text of result.columns) dom("th", "", line, text, { scope: "col" });
  const lines = dom("tbody", "", table);
  for (const cells of result.rows) {
    const row = dom("tr", "", lines);
    cells.forEach((text, i) => dom(i ? "td" : "th", "", row, text, i ? {} : { scope: "row" }));
  }
};

