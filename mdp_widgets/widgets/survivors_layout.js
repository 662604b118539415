// Where the parts of the architecture's picture go: lines, panels, sizes; and elements of SVG.

const NS = "http://www.w3.org/2000/svg";
const LEAST = 260, LEAST_HIGH = 300, MIN_ROW = 17, ROW = 20, MAX_ROW = 46, HEAD = 20, GAP = 28, CELL_GAP = 14;
const FOOT = 24, MOST_NAME = 14, LEAST_SHARED = 20, MOST_SHARED = 44, SIDE_BY_SIDE = 3;

function svg(tag, parent, attributes = {}, text = null) {
  const node = document.createElementNS(NS, tag);
  set(node, attributes);
  if (text !== null) node.textContent = text;
  parent?.append(node);
  return node;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

// A name whose end tells it from others, in so many letters.
const clip = (name, most) => (name.length > most ? `…${name.slice(1 - most).replace(/^\./, "")}` : name);

// Names in so many letters each; where ends are alike, the numbers before them stay: 2…wnsample.reduction.
function clipped(names, most) {
  const ends = names.map((name) => clip(name, most));
  return names.map((name, i) => {
    if (ends.indexOf(ends[i]) === i && ends.lastIndexOf(ends[i]) === i) return ends[i];
    for (let kept = most - 2; kept > most / 2; kept--) {
      const numbers = (name.slice(0, -kept).match(/\d+/g) ?? []).join(".");
      if (numbers && numbers.length + 1 + kept <= most) return `${numbers}…${name.slice(-kept).replace(/^\./, "")}`;
    }
    const half = Math.floor((most - 1) / 2);
    return name.length > most ? `${name.slice(0, half)}…${name.slice(-half)}` : name;
  });
}

// Few shared widths stand side by side on the line of their group; many have a line each, with their names.
function linesOf(info) {
  return info.groups.flatMap((group) => [
    ...(group.bars.length > SIDE_BY_SIDE
      ? group.bars.map((bar) => ({ group: { name: bar.dim, bars: [bar], rows: [] }, id: `d:${bar.dim}` }))
      : group.bars.length || info.groups.length > 1 ? [{ group, id: `g:${group.name}` }] : []),
    ...group.rows.map((row) => ({ row, id: `r:${row.block}` })),
  ]);
}

// How many panels side by side, how high a row is, and which lines go into which panel.
function arrange(lines, height, width) {
  for (let panels = 1; ; panels++) {
    const per = Math.ceil(lines.length / panels);
    const high = (height - HEAD) / (per + (panels > 1 ? 1 : 0));
    if (high >= MIN_ROW || panels === 4 || width / (panels + 1) < 300) {
      const parts = [[]];
      for (const line of lines) {
        const last = parts.at(-1);
        const dangling = line.group?.rows.length && last.length === per - 1 && parts.length < panels;
        if ((last.length >= per || dangling) && parts.length < panels) parts.push([line]);
        else last.push(line);
      }
      return { parts, high: Math.max(MIN_ROW - 3, Math.min(MAX_ROW, high)) };
    }
  }
}

// What there is to draw in; 0 while the page is not laid out yet, and no less than a drawing needs.
const widthOf = (el, onPaper) =>
  el.clientWidth && Math.max(LEAST, (onPaper && printWidth(el)) || el.clientWidth);

