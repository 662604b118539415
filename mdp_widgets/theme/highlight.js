// The block under the pointer, or with the focus, is marked lightly wherever the page shows it: every element
// with data-block. Nothing is asked of the kernel. One listener for the page, whichever widget comes first.
const HIGHLIGHT = Symbol.for("mdp.highlight");

function highlightBlocks() {
  if (globalThis[HIGHLIGHT]) return globalThis[HIGHLIGHT];
  let now = "";
  const mark = (block) => {
    if (block === now) return;
    now = block;
    document.querySelectorAll(".mdp-linked").forEach((node) => node.classList.remove("mdp-linked"));
    if (!block) return;
    document.querySelectorAll(`[data-block="${CSS.escape(block)}"]`).forEach((node) => node.classList.add("mdp-linked"));
  };
  const under = (event) => mark(event.target.closest?.("[data-block]")?.dataset.block ?? "");
  document.addEventListener("pointerover", under);
  document.addEventListener("focusin", under);
  globalThis[HIGHLIGHT] = mark;
  return mark;
}

