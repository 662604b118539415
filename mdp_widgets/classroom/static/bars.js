// How the answers to one question were spread: a bar for each, its count in figures, the right one marked.

const bars = (parent, quiz, counts, right = null, mine = null) => {
  const texts = new Map(quiz.options);
  const given = Object.entries(counts ?? {});
  const values = quiz.options.length ? quiz.options.map(([value]) => value) : given.map(([value]) => value).sort((a, b) => a - b).slice(0, 12);
  if (right !== null && !values.includes(right)) values.push(right);
  const others = given.filter(([value]) => !values.includes(value)).reduce((sum, [, n]) => sum + n, 0);
  const most = Math.max(1, ...values.map((value) => counts?.[value] ?? 0));
  const list = dom("ul", "bars", null);
  for (const value of values) {
    const n = counts?.[value] ?? 0;
    const line = dom("li", "", list);
    if (value === right) line.classList.add("right");
    if (value === mine) line.classList.add("mine");
    const text = dom("span", "bar-text", line, texts.get(value) ?? `${value} ${quiz.unit ?? ""}`.trim());
    if (value === right) dom("b", "", text, " ✓ right");
    if (value === mine) dom("i", "", text, " yours");
    const track = dom("span", "bar-track", line);
    dom("span", "bar", track).style.width = `${(100 * n) / most}%`;
    dom("b", "bar-count", line, String(n));
  }
  if (others) dom("li", "note", list, `and ${others} other answers`);
  parent.replaceChildren(list);
};

// What a page of ours sends and gets: {status, told}; status 0 where the server does not answer.
const ask = async (path, body) => {
  try {
    const answer = await fetch(path, body === undefined ? { cache: "no-store" } : {
      method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    });
    let told = null;
    try { told = await answer.json(); } catch { /* 204 */ }
    return { status: answer.status, told };
  } catch { return { status: 0, told: null }; }
};
