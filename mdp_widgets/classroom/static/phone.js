// The pupil's page: join, guess at the present step, see the scoreboard. What is not accepted yet is sent again.
(() => {
  const EVERY = 3000, ME = "mdp-class", QUEUE = "mdp-phone-queue", GIVEN = "mdp-phone-given";
  const { base, steps } = JSON.parse(document.getElementById("facts").textContent);
  const at = (id) => document.getElementById(id);
  const stored = (name, otherwise) => {
    try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
  };
  const store = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* as long as the page */ } };
  let me = stored(ME, null), queue = stored(QUEUE, []), given = stored(GIVEN, {}), state = null, shown = null, own = 1;
  if (!Array.isArray(queue)) queue = [];
  if (!given || given.pupil !== me?.pupil) given = { pupil: me?.pupil ?? null };
  const say = (text) => { if (at("words").textContent !== text) at("words").textContent = text; };

  const present = () => steps.find((s) => s.step === (state?.step ?? own)) ?? null;
  const forget = (words) => {
    me = null; queue = []; given = { pupil: null };
    store(ME, me); store(QUEUE, queue); store(GIVEN, given);
    say(words);
  };

  let sending = false;
  const send = async () => {
    if (sending || !me) return;
    sending = true;
    while (me && queue.length) {
      const { status, told } = await ask(`${base}class/answer`, { pupil: me.pupil, ...queue[0] });
      if (status === 0 || status === 429 || status >= 500) { say(told?.message ?? "The class does not answer; your guess is kept and sent again."); break; }
      if (status === 410) { forget(told.message); break; }
      if (status >= 400) say(told?.message ?? "Your guess was not taken.");
      else say("");
      queue = queue.slice(1);
      store(QUEUE, queue);
    }
    sending = false;
  };

  const drawStep = () => {
    const step = me && state ? present() : null;
    at("step").hidden = !step && !(me && state);
    if (!me || !state) return;
    if (!step) {
      at("step-number").textContent = "";
      at("step-title").textContent = state.step ? `Step ${state.step}` : "";
      at("step-question").textContent = "There is nothing to guess at this step. Look at your teacher's screen.";
      at("guess").replaceChildren(); at("told").replaceChildren(); shown = null;
      return;
    }
    at("step-number").textContent = `Step ${step.step} of ${steps.length}`;
    at("step-title").textContent = step.title;
    at("step-question").textContent = step.question;
    const quiz = step.prediction, answer = state.answers?.[quiz.key] ?? null, mine = given[quiz.key];
    const open = !answer && !(state.revealed ?? []).includes(step.step);
    const what = `${quiz.key} ${open} ${mine}`;
    if (shown !== what) drawGuess(quiz, open, mine);
    shown = what;
    drawTold(step, answer, mine);
  };
  const drawGuess = (quiz, open, mine) => {
    const form = at("guess");
    form.replaceChildren();
    const field = dom("fieldset", "", form);
    dom("legend", "", field, quiz.prompt);
    if (!open) return;
    if (quiz.options.length) {
      for (const [value, text] of quiz.options) {
        const label = dom("label", "choice", field);
        const radio = dom("input", "", label, "", { type: "radio", name: "guess", value });
        radio.checked = value === mine;
        dom("span", "", label, text);
      }
    } else {
      const label = dom("label", "number", field);
      const input = dom("input", "", label, "", { type: "text", inputmode: "decimal", maxlength: 20, autocomplete: "off", "aria-label": quiz.prompt });
      input.value = mine ?? "";
      dom("span", "", label, quiz.unit ?? "");
    }
    dom("button", "primary", form, mine === undefined ? "This is my guess" : "Change my guess", { type: "submit" });
  };
  const drawTold = (step, answer, mine) => {
    const box = at("told"), quiz = step.prediction, counts = state.spread?.[quiz.key];
    box.replaceChildren();
    if (answer) {
      const start = mine === undefined ? "" : mine === answer.right ? "You were right. " : "Not what you expected. ";
      dom("p", "because", box, start + answer.because);
      bars(dom("div", "", box), quiz, counts, answer.right, mine ?? null);
      dom("p", "along", box, answer.along);
    } else if (mine !== undefined) {
      const others = Object.values(counts ?? {}).reduce((sum, n) => sum + n, 0);
      dom("p", "note", box, queue.length ? "Your guess is on its way." : `Your guess is in: one of ${others}. You may change it until the answer is shown.`);
    }
    if (state.step === null) {
      const row = dom("div", "buttons", box);
      for (const [text, by] of [["Back", -1], ["Next", 1]]) {
        const to = steps.find((s) => s.step === step.step + by);
        if (to) dom("button", "", row, text, { type: "button" }).addEventListener("click", () => { own = to.step; draw(); at("step-title").scrollIntoView({ block: "center" }); });
      }
    }
  };
  const drawBoard = () => {
    const scores = state?.scoreboard ?? [];
    at("board").hidden = !scores.length;
    at("scores").replaceChildren(...scores.slice(0, 50).map(({ nickname, score }) => {
      const line = dom("li", nickname === me?.nickname ? "mine" : "", null);
      dom("span", "", line, nickname);
      dom("b", "", line, String(score));
      return line;
    }));
  };
  const draw = () => {
    at("join").hidden = Boolean(me) || !state;
    at("me").textContent = me?.nickname ?? "";
    drawStep();
    drawBoard();
  };

  const look = async () => {
    const { status, told } = await ask(`${base}class/state${me ? `?pupil=${encodeURIComponent(me.pupil)}` : ""}`);
    if (status === 200 && told.running) {
      if (state === null || at("words").dataset.lost) { say(""); delete at("words").dataset.lost; }
      state = told;
      if (me && told.joined === false) forget("The class does not know you any more. Join it again.");
      draw();
      send();
    } else if (status === 404 || status === 200) {
      state = null; draw(); at("words").dataset.lost = "yes";
      say("No class is running now. This page looks again by itself.");
    } else if (status === 0 || status >= 500) {
      at("words").dataset.lost = "yes";
      say("The class does not answer. Your guesses are kept; this page tries again by itself.");
    } else if (told?.message) { at("words").dataset.lost = "yes"; say(told.message); }
    setTimeout(look, EVERY * (0.8 + 0.4 * Math.random()));
  };

  at("join").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { status, told } = await ask(`${base}class/join`, { nickname: at("nickname").value });
    if (status === 200 && told?.pupil) {
      me = { pupil: told.pupil, nickname: told.nickname };
      given = { pupil: me.pupil };
      store(ME, me); store(GIVEN, given);
      say(told.message ?? "");
      draw();
    } else say(told?.message ?? "The class does not answer. Try again in a moment.");
  });
  at("guess").addEventListener("submit", (event) => {
    event.preventDefault();
    const step = present(), input = at("guess").querySelector("input:checked, input[type=text]"), value = input?.value.trim();
    if (!step || !value) { say("Choose an answer first."); return; }
    const key = step.prediction.key;
    given[key] = value;
    store(GIVEN, given);
    queue = [...queue.filter((q) => q.key !== key), { step: step.step, kind: "prediction", key, value }].slice(-100);
    store(QUEUE, queue);
    draw();
    send().then(draw);
  });
  draw();
  look();
})();
