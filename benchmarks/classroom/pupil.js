// A pupil who takes the course in this page: joins, guesses, moves the figure, checks, plays. Notes how long the page took to
// answer each time: until the last figure in view was drawn anew, or the words stood there. `mdpPupil(plan)` runs it.
//   plan: {nickname, right: {key: answer}, luck: share of checks right at first, pause: mean seconds of thought, seed}
(() => {
  const sleep = (ms) => new Promise((next) => setTimeout(next, ms));
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const inView = (node) => { const { top, bottom, width } = node.getBoundingClientRect(); return width > 0 && bottom > 0 && top < innerHeight; };

  window.mdpPupil = async ({ nickname, right, luck, pause, seed }) => {
    const told = { took: [], points: 0, earned: [], words: {}, done: false };
    const earn = (what, points) => { told.points += points; told.earned.push([what, points]); };
    window.mdpTold = told;
    let state = seed;
    const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    const think = () => sleep(1000 * pause * (0.5 + random()));
    let last = 0;
    const seen = new MutationObserver((changes) => { if (changes.some((c) => inView(c.target))) last = performance.now(); });
    seen.observe(document.body, { subtree: true, attributeFilter: ["data-drawn"] });
    const until = async (holds, what) => {
      const start = performance.now();
      for (;;) {
        const found = holds();
        if (found) return found;
        if (performance.now() - start > 180000) throw new Error(`It never came: ${what}`);
        await sleep(10);
      }
    };
    // From now on: until something holds, and the figures in view have been quiet for a moment.
    const timed = async (step, what, act, holds, figures = false) => {
      const start = last = performance.now();
      act();
      await until(() => holds(start), `${what} of step ${step}`);
      let end = performance.now();
      if (figures) {
        while (performance.now() - last < 250) await sleep(20);
        end = Math.max(end, last);
      }
      told.took.push({ step, what, ms: end - start });
    };
    const undrawn = () => all(".mdp-stage .mdp-plot-figure").filter(inView).some((figure) => !figure.dataset.drawn);
    const button = (text, within = document) => [...within.querySelectorAll("button")].find((b) => b.textContent.trim().startsWith(text));
    const go = (step, shown) => timed(step, "open", () => one(`.mdp-rail nav button:nth-child(${step})`).click(),
      () => one(".mdp-step-head h2")?.textContent.startsWith(`${step}.`) && one(shown) && !undrawn(), true);
    const read = (step) => { told.words[step] = (told.words[step] ?? 0) + (one(".mdp-stage").innerText.match(/\S+/g) ?? []).length; };

    await until(() => one(".mdp-class form input") && inView(one(".mdp-class form input")), "the class");
    const name = one(".mdp-class form input");
    name.value = nickname;
    await timed(0, "join", () => button("Join", one(".mdp-class")).click(), () => one(".mdp-class-me").textContent);
    await until(() => one(".mdp-rail nav button:nth-child(9)"), "the rail");

    const set = (input, value) => { input.value = value; input.dispatchEvent(new Event("input", { bubbles: true })); };
    const answer = (question, value) => {
      const radio = question.querySelector(`input[type=radio][value="${CSS.escape(value)}"]`);
      if (radio) radio.click(); else set(question.querySelector("input[type=text]"), value);
      question.querySelector("button.primary").click();
    };
    // A question until it is right, as a pupil tries: `right` is known to the script, which is wrong first now and then.
    const solve = async (step, question, key) => {
      const values = [...question.querySelectorAll("input[type=radio]")].map((r) => r.value);
      const wrong = (values.length ? values : ["1"]).find((value) => value !== right[key]);
      for (const value of random() < luck ? [right[key]] : [wrong, right[key]]) {
        await think();
        const verdict = value === wrong ? "wrong" : "right"; // the one before stands until the new one comes
        await timed(step, "check", () => answer(question, value), () => question.dataset.state === verdict);
        if (verdict === "right") earn(step, told.second ? 5 : 10);
        told.second = verdict === "wrong";
      }
      told.second = false;
    };
    // Whatever the figure of a step is moved by: a slider, buttons of blocks, or the budget.
    const control = () => one(".mdp-after .mdp-blocks button:not(:disabled)") ?? one(".mdp-stage #mdp-budget-range") ?? one(".mdp-after .noUi-handle");
    const move = () => {
      const moved = control();
      if (moved.matches("button")) moved.click();
      else if (moved.matches("input")) set(moved, Math.round(moved.max * (0.3 + 0.4 * random())));
      else {
        const [at, least, most] = ["now", "min", "max"].map((name) => Number(moved.getAttribute(`aria-value${name}`)));
        const key = at <= least || (at < most && random() < 0.5) ? "ArrowRight" : "ArrowLeft"; // at an end nothing would move
        for (const type of ["keydown", "keyup"]) moved.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true }));
      }
    };

    for (let step = 1; step <= 6; step++) {
      await think();
      await go(step, ".mdp-question.prediction .mdp-q-form input");
      await think();
      const guess = one(".mdp-question.prediction"), radios = [...guess.querySelectorAll("input[type=radio]")];
      await timed(step, "figure", () => answer(guess, radios[Math.floor(random() * radios.length)].value),
        () => one(".mdp-question.check") && all(".mdp-after .mdp-plot-figure").some((f) => f.dataset.drawn) && !undrawn(), true);
      read(step);
      for (let i = 0; i < 5; i++) {
        await think();
        control().scrollIntoView({ block: "start" });
        scrollBy(0, -130); // from under the rail
        await sleep(300);
        await timed(step, "move", move, (start) => last > start, true);
      }
      await solve(step, one(".mdp-question.check"), one(".mdp-question.check legend").textContent);
    }

    for (const round of [1, 2]) {
      await think();
      if (round === 1) await go(7, ".mdp-bench button");
      else await timed(7, "open", () => button("Round 2").click(), () => one(".mdp-bench .mdp-bar:nth-child(2)"));
      read(7);
      const hand = button("Hand in");
      await timed(7, "move", () => button("All at half").click(), () => !one(".mdp-bar.over") || one(".mdp-bar"));
      await sleep(400);
      for (const range of all(".mdp-bench tbody input[type=range]")) { // narrower, one after the other, until it fits
        if (!hand.disabled) break;
        const text = one(".mdp-bench-bars").textContent;
        await timed(7, "move", () => set(range, Math.floor(range.value / 3)), () => one(".mdp-bench-bars").textContent !== text || range.value === "0");
      }
      for (const range of all(".mdp-bench tbody input[type=range]").reverse()) {
        if (!hand.disabled) break;
        set(range, 0);
        await sleep(250);
      }
      await think();
      await timed(7, "hand in", () => hand.click(), () => one(".mdp-bench-points"));
      earn(`round ${round}`, Number(one(".mdp-bench-points").textContent.match(/^\d+/)[0]));
    }
    await timed(7, "open", () => button("Round 3").click(), () => one(".mdp-wishes input"));
    for (const box of all(".mdp-wishes input")) {
      const before = one(".mdp-wishes .mdp-say").textContent;
      await timed(7, "move", () => box.click(), () => one(".mdp-wishes .mdp-say").textContent !== before || true);
      await sleep(300);
      box.click();
      await sleep(300);
    }
    read(7);
    await solve(7, one(".mdp-question.contest"), one(".mdp-question.contest legend").textContent);
    await think();
    await go(8, ".mdp-exercises .mdp-question");
    read(8);
    await think();
    await go(9, ".mdp-claim");
    read(9);
    await until(() => (localStorage["mdp-class-queue"] ?? "[]") === "[]", "the last answer's way");
    told.done = true;
    return told;
  };
})();
