// One question: answers to choose or a number to type, what is said to it, and that it is remembered.

let count = 0;

function render({ model, el }) {
  el.classList.add("mdp-question", "mdp", model.get("kind"));
  const get = (name) => model.get(name);
  const kept = () => progress.get(get("study"), get("key")) ?? {};
  const form = dom("form", "mdp-q-form", el);
  const field = dom("fieldset", "", form);
  dom("legend", "", field, get("prompt"));
  const list = dom("div", "mdp-q-options", field);
  const group = `mdp-q-${get("key")}-${count++}`;
  const buttons = dom("div", "mdp-q-buttons", form);
  const words = dom("p", "mdp-q-words", el, "", { role: "status", "aria-live": "polite" });
  const room = dom("p", "mdp-q-room", el);
  const prediction = get("kind") === "prediction";
  let input = null;

  for (const [value, text] of get("options")) {
    const label = dom("label", "", list);
    dom("input", "", label, "", { type: "radio", name: group, value });
    dom("span", "mdp-q-text", label, text);
    dom("span", "mdp-q-count", label);
  }
  if (!get("options").length) {
    const label = dom("label", "mdp-q-number", list);
    input = dom("input", "", label, "", { type: "text", inputmode: get("numeric") ? "decimal" : "text", autocomplete: "off", "aria-label": get("prompt") });
    dom("span", "", label, get("unit"));
  }
  const answer = dom("button", "primary", buttons, prediction ? "This is my guess" : "Check", { type: "submit" });
  const skip = prediction ? dom("button", "", buttons, "Skip", { type: "button", title: "Show the figure without a guess" }) : null;
  const chosen = () => (input ? input.value.trim() : form.querySelector("input:checked")?.value ?? "");

  const send = (value) => model.send({ kind: "answer", value });
  const give = (value) => {
    const before = kept();
    progress.put(get("study"), get("key"), { ...before, value, skipped: value === null });
    if (prediction && value !== null) {
      progress.tell({ step: get("step"), kind: "prediction", key: get("key"), value, study: get("study") });
    }
    send(value);
    show();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (chosen()) give(chosen());
    else words.textContent = input ? "Type an answer first." : "Choose an answer first.";
  });
  skip?.addEventListener("click", () => give(null));
  form.addEventListener("input", () => { answer.disabled = false; });

  const show = () => {
    const verdict = get("verdict"), done = kept();
    const given = "value" in done;
    el.dataset.state = given ? verdict.state ?? "waiting" : "open";
    const locked = prediction && given;
    for (const node of field.querySelectorAll("input")) {
      node.disabled = locked;
      if (node.type === "radio") node.parentElement.dataset.right = String(locked && node.value === verdict.right);
    }
    buttons.hidden = locked;
    if (given && verdict.words) words.textContent = verdict.words;
    if (!given) words.textContent = "";
    showRoom();
  };
  // What the room has guessed, where a class is running; only beside an answer of one's own.
  const showRoom = () => {
    const spread = "value" in kept() ? window.mdpClass?.spread?.[get("key")] ?? {} : {};
    const all = Object.values(spread).reduce((sum, n) => sum + (Number(n) || 0), 0);
    for (const node of list.querySelectorAll("input[type=radio]")) {
      const n = Number(spread[node.value]) || 0;
      node.parentElement.querySelector(".mdp-q-count").textContent = all ? String(n) : "";
    }
    room.textContent = all ? `The numbers are the guesses of the room: ${all} so far.` : "";
  };
  const judged = () => {
    const verdict = get("verdict"), done = kept();
    if (["right", "wrong"].includes(verdict.state) && verdict.value === done.value
        && (verdict.fresh || done.state === undefined)) { // one that no kernel has judged yet counts too
      const tries = (done.tries ?? 0) + 1;
      const first = done.state !== "right";
      progress.put(get("study"), get("key"), { ...done, tries, state: done.state === "right" ? "right" : verdict.state });
      if (first && get("kind") !== "exercise") { // an exercise is for oneself, not for the class
        const score = verdict.state === "right" ? (tries === 1 ? verdict.first : verdict.later) : 0;
        progress.tell({ step: get("step"), kind: get("kind"), key: get("key"), value: done.value, score, study: get("study") });
      }
    }
    show();
  };
  const told = () => showRoom();
  model.on("change:verdict", judged);
  window.addEventListener("mdp-class", told);
  const before = kept();
  if ("value" in before) {
    if (input) input.value = before.value ?? "";
    else for (const node of list.querySelectorAll("input")) node.checked = node.value === before.value;
    model.send({ kind: "again", value: before.value });
  }
  show();
  return () => {
    model.off("change:verdict", judged);
    window.removeEventListener("mdp-class", told);
  };
}

export default { render };
