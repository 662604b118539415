// The steps of the course: where one is, what is done, and the class, where there is one.

function render({ model, el }) {
  el.classList.add("mdp-rail", "mdp", "mdp-noprint");
  const study = () => model.get("study");
  const toTop = () => document.querySelector(".mdp-course")?.scrollIntoView({ block: "start" });
  const nav = dom("nav", "", el, "", { "aria-label": "Steps of the course" });
  const goTo = (step) => {
    const wanted = Number(step);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > model.get("titles").length) return;
    progress.put(study(), "step", wanted);
    model.send({ kind: "go", step: wanted });
    toTop();
  };
  const draw = () => {
    const at = document.activeElement && nav.contains(document.activeElement) ? model.get("step") : 0;
    const done = progress.all(study());
    nav.replaceChildren(...model.get("titles").map(([title, keys], i) => {
      const button = dom("button", "", null, "", { type: "button", title });
      const states = keys.map((key) => done[key]).filter((one) => one && "value" in one);
      const right = states.length > 0 && keys.every((key) => done[key]?.state === "right" || (done[key] && key.endsWith("-prediction")));
      dom("b", "", button, right ? "✓" : String(i + 1));
      dom("span", "", button, title);
      button.dataset.done = right ? "yes" : states.length ? "begun" : "no";
      if (i + 1 === model.get("step")) button.setAttribute("aria-current", "step");
      button.setAttribute("aria-label", `Step ${i + 1}: ${title}${right ? ", done" : states.length ? ", begun" : ""}`);
      button.addEventListener("click", () => goTo(i + 1));
      return button;
    }));
    if (at) nav.children[at - 1]?.focus();
  };
  nav.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = [...nav.children].indexOf(document.activeElement);
    if (!move || at < 0) return;
    event.preventDefault();
    nav.children[(at + move + nav.children.length) % nav.children.length].focus();
  });
  const again = dom("button", "mdp-rail-again", el, "Forget my answers", { type: "button",
    title: "Forget what was answered for this study in this browser, and begin anew" });
  again.addEventListener("click", () => {
    if (!window.confirm("Forget all your answers for this study in this browser?")) return;
    progress.clear(study());
    location.reload();
  });
  const leave = classroom(el, { goTo });
  const hello = () => {
    const step = Number(progress.get(study(), "step"));
    model.send({ kind: "hello", step: Number.isInteger(step) ? step : 0 });
    draw();
  };
  const moved = () => {
    if (model.get("by_page")) progress.put(study(), "step", model.get("step"));
    draw();
    toTop();
  };
  model.on("change:titles", draw);
  model.on("change:step", moved);
  model.on("change:study", hello);
  window.addEventListener("mdp-progress", draw);
  hello();
  return () => {
    leave();
    model.off("change:titles", draw);
    model.off("change:step", moved);
    model.off("change:study", hello);
    window.removeEventListener("mdp-progress", draw);
  };
}

export default { render };
