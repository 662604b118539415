// What the architecture's picture says of a bar, a row, and in its place as a table.

const describe = (bar) =>
  bar.kept === 0 ? `${bar.label}: gone, ${bar.dense} in the dense network`
  : `${bar.label}: ${bar.kept} of ${bar.dense} kept` + (bar.pinned ? ", pinned" : "")
    + (bar.a === null || bar.a === bar.kept ? "" : `, A keeps ${bar.a}`)
    + (bar.units.length ? ` (units ${bar.units.flatMap((u, i) => (u ? [i] : [])).join(", ")})` : "");

const latency = (row, unit) => alone(row, unit)
  + (row.a_latency === null || row.a_latency === row.latency ? ""
     : `; in A ${row.a_removed ? "removed" : `${short(row.a_latency)} ${unit}`}`);

const alone = (row, unit) =>
  row.removed ? `removed, saves ${short(row.dense_latency)} ${unit}`
  : `${short(row.latency)} of ${short(row.dense_latency)} ${unit}`;

const short = (value) => (value === 0 ? "0" : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1)
  : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2));

// The same as text: one line per block, with the shared widths where they begin.
function rowsOf({ groups, columns, fixed }) {
  const kept = (bar) => (bar ? `${bar.kept} of ${bar.dense}` + (bar.a === null ? "" : ` (A: ${bar.a})`) : "");
  const whole = fixed > 0 ? [["stays whole", ...columns.map(() => ""), short(fixed), short(fixed)]] : [];
  return groups.flatMap((group) => [
    ...group.bars.map((bar) => [`${bar.label} (shared)`, kept(bar), ...columns.slice(1).map(() => ""), "", ""]),
    ...group.rows.map((row) => [row.block,
      ...columns.map((c) => (row.removed ? "removed" : kept(row.bars.find((b) => b.label === c)))),
      short(row.latency), short(row.dense_latency)]),
  ]).concat(whole);
}

