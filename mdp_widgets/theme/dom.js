// An element of the page with its class, place, text and attributes.

const dom = (tag, className, parent, text = "", attributes = {}) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent?.append(node);
  return node;
};

// A slider. Grabbed while text of the page is selected, the browser would drag the text and leave the slider.
const rangeInput = (parent, attributes) => {
  const node = dom("input", "", parent, "", { type: "range", ...attributes });
  node.addEventListener("pointerdown", () => getSelection()?.removeAllRanges());
  return node;
};
