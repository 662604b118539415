// The teacher's page: time plan, who is where, how the guesses are spread, pace, and the room's screen (#screen).
(() => {
  const EVERY = 2000, TOP = 12;
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const { base, steps } = facts;
  const at = (id) => document.getElementById(id);
  const screen = () => location.hash === "#screen";
  let state = null, chosen = 1, followed = null, begun = null;
  const say = (text) => { if (at("words").textContent !== text) at("words").textContent = text; };
  const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const present = () => steps.find((s) => s.step === chosen) ?? null;

  const act = async (body) => {
    const { status, told } = await ask(`${base}class/teacher`, body);
    say(status === 204 ? "" : told?.message ?? "The server does not answer. Try again in a moment.");
    await look(false);
  };

  const lines = [["Welcome", 0, facts.welcome, null], ...steps.map((s) => [s.title, s.begins, s.minutes, s.step]),
    ["You against the solver: the contest", ...facts.contest, facts.contestStep]];

  const drawPlan = () => {
    const elapsed = begun === null ? null : (Date.now() - begun) / 60000;
    const people = state?.people ?? [];
    at("plan").replaceChildren(...lines.map(([title, from, long, step]) => {
      const line = dom("li", "", null);
      const now = elapsed !== null && elapsed >= from && elapsed < from + long;
      line.classList.toggle("now", now);
      line.classList.toggle("paced", step !== null && state?.step === step);
      const button = dom("button", "plan-step", line, "", { type: "button" });
      button.disabled = step === null;
      if (step === chosen) button.setAttribute("aria-current", "step");
      dom("span", "plan-time", button, `${from}–${from + long} min`);
      dom("span", "plan-title", button, step && step < facts.contestStep ? `${step}. ${title}` : title);
      const here = people.filter((p) => p.step === step).length;
      dom("span", "plan-here", button, step === null ? "" : `${here} here`);
      if (step !== null) button.addEventListener("click", () => { chosen = step; draw(); });
      return line;
    }));
  };
  const drawNotes = (notes) => {
    at("notes").replaceChildren();
    for (const [name, text] of notes) {
      const p = dom("p", "", at("notes"));
      dom("b", "", p, `${name}: `);
      p.append(text);
    }
  };
  const drawStep = () => {
    const step = present(), revealed = (state?.revealed ?? []).includes(chosen);
    at("reveal").hidden = !step;
    at("reveal").disabled = revealed;
    at("reveal").textContent = revealed ? "Answer revealed" : "Reveal the answer";
    at("pace-here").textContent = state?.step === chosen ? "Everybody is called here" : "Everybody to this step";
    at("step-number").textContent = `Step ${chosen}`;
    if (!step) {
      at("step-title").textContent = "You against the solver";
      at("prompt").textContent = "Pupils prune the network by hand within the budget. The server prices and measures what they send; 100 points are the solver's own plan.";
      networks(at("spread"), state?.networks);
      at("answer").replaceChildren(...facts.rounds.map(([title, words]) => { const p = dom("p", "", null); dom("b", "", p, `${title}: `); p.append(words); return p; }));
      drawNotes(facts.contestNotes);
      return;
    }
    at("step-title").textContent = step.title;
    at("prompt").textContent = step.prediction.prompt;
    bars(at("spread"), step.prediction, state?.spread?.[step.prediction.key], step.right);
    at("answer").replaceChildren();
    dom("p", "because", at("answer"), step.because);
    dom("p", "", at("answer"), `Check: ${step.check.prompt} ${step.check.right} ${step.check.because}`);
    dom("p", "along", at("answer"), step.along);
    drawNotes(step.notes);
  };
  const ago = (seconds) => seconds < 90 ? "now" : `${Math.round(seconds / 60)} min ago`;
  const drawPeople = () => {
    const people = [...(state?.people ?? [])].sort((a, b) => a.step - b.step || a.nickname.localeCompare(b.nickname));
    at("people-title").textContent = `Who is where: ${people.length} in the class`;
    at("rows").replaceChildren(...people.map((p) => {
      const row = dom("tr", "", null);
      dom("th", "", row, p.nickname, { scope: "row", title: `${p.answers} answers` });
      for (const cell of [p.step || "–", Math.round(p.score * 10) / 10, ago(p.since)]) dom("td", "", row, String(cell));
      const remove = dom("button", "small", dom("td", "", row), "✕", { type: "button", title: `Remove ${p.nickname}`, "aria-label": `Remove ${p.nickname}` });
      remove.addEventListener("click", () => { if (confirm(`Remove ${p.nickname} and all their answers?`)) act({ action: "remove", pupil: p.pupil }); });
      return row;
    }));
  };
  const drawScreen = () => {
    const number = state?.step ?? null, step = steps.find((s) => s.step === number), revealed = (state?.revealed ?? []).includes(number);
    at("screen-number").textContent = number === null ? "" : `Step ${number}`;
    at("screen-title").textContent = step?.title ?? (number === null ? "Everybody at their own pace" : "You against the solver");
    at("screen-prompt").textContent = step?.prediction.prompt ?? (number === null
      ? "Open the link above, or point a phone at the code, and choose a nickname."
      : "Prune the network by hand, within the budget. The solver's own plan has 100 points. Who comes close?");
    at("screen-because").textContent = step && revealed ? step.because : "";
    if (step && revealed) bars(at("screen-spread"), step.prediction, state.spread?.[step.prediction.key], step.right);
    else if (step) {
      const counts = Object.values(state?.spread?.[step.prediction.key] ?? {}).reduce((a, b) => a + b, 0);
      at("screen-spread").replaceChildren(dom("p", "big", null, `${counts} of ${state?.people?.length ?? 0} have guessed.`));
    } else if (number !== null) networks(at("screen-spread"), state?.networks, TOP);
    else at("screen-spread").replaceChildren();
    const scores = state?.scoreboard ?? [];
    at("screen-scores").replaceChildren(...scores.slice(0, TOP).map(({ nickname, score }) => {
      const line = dom("li", "", null);
      dom("span", "", line, nickname);
      dom("b", "", line, String(score));
      return line;
    }));
    at("screen-more").textContent = scores.length > TOP ? `and ${scores.length - TOP} more` : "";
  };
  const drawClock = () => {
    const elapsed = begun === null ? 0 : Math.max(0, (Date.now() - begun) / 1000);
    at("elapsed").textContent = minutes(elapsed);
    at("planned").textContent = `of ${facts.whole}:00`;
    at("clock").classList.toggle("over", elapsed > 60 * facts.whole);
    at("run-clock").textContent = begun === null ? "Start the clock" : "Stop the clock";
  };
  const draw = () => {
    document.body.classList.toggle("on-screen", screen());
    at("desk").hidden = screen();
    at("screen").hidden = !screen();
    if (screen()) drawScreen();
    else {
      // What has the focus keeps it: lists are drawn anew only when they changed.
      const what = JSON.stringify([state, chosen, begun === null ? null : Math.floor((Date.now() - begun) / 20000)], (key, value) => key === "since" ? Math.floor(value / 60) : key === "elapsed" ? null : value);
      if (what !== draw.last) { const id = document.activeElement?.closest?.("#plan li"); const place = id ? [...at("plan").children].indexOf(id) : -1; drawPlan(); drawStep(); drawPeople(); if (place >= 0) at("plan").children[place]?.firstChild?.focus(); }
      draw.last = what;
    }
    drawClock();
    const running = state?.running !== false;
    at("end").textContent = running ? "End the class…" : "Begin a new class";
    for (const id of ["run-clock", "pace-free", "pace-here", "reveal"]) if (!running) at(id).disabled = true; else if (id !== "reveal") at(id).disabled = false;
    at("pace-free").disabled = !running || state?.step === null;
  };

  const look = async (again = true) => {
    const { status, told } = await ask(`${base}class/teacher`);
    if (status === 200) {
      if (at("words").dataset.lost) { delete at("words").dataset.lost; say(""); }
      state = told;
      begun = told.elapsed === null || told.elapsed === undefined ? null : Date.now() - 1000 * told.elapsed;
      if (told.step !== followed) { followed = told.step; if (told.step !== null && told.step !== undefined) chosen = told.step; }
      if (told.running === false) say("The class has ended. Nothing of it was kept here.");
      draw();
    } else {
      at("words").dataset.lost = "yes";
      say(told?.message ?? "The server does not answer. It is asked again by itself; no answer is lost.");
    }
    if (again) setTimeout(look, EVERY);
  };

  at("join-link").textContent = facts.join;
  at("run-clock").addEventListener("click", () => act({ action: "clock", on: begun === null }));
  at("pace-free").addEventListener("click", () => act({ action: "pace", step: null }));
  at("pace-here").addEventListener("click", () => act({ action: "pace", step: chosen }));
  at("reveal").addEventListener("click", () => act({ action: "reveal", step: chosen }));
  at("theme").addEventListener("click", () => {
    const root = document.documentElement, theme = root.dataset.mdpTheme === "dark" ? "light" : "dark";
    root.dataset.mdpTheme = theme;
    try { localStorage.setItem("mdp-theme", theme); } catch { /* private mode */ }
  });
  at("end").addEventListener("click", () => { if (state?.running === false) { say(""); act({ action: "begin" }); } else at("ending").showModal(); });
  at("ending").addEventListener("close", () => { if (at("ending").returnValue === "yes") act({ action: "end" }); });
  addEventListener("hashchange", () => { draw.last = null; draw(); });
  setInterval(() => { drawClock(); }, 1000);
  draw();
  look();
})();
