// A class, where the server runs one: a nickname, the scoreboard, the teacher's pace, and answers that get there.
// Without one (404, or none running) nothing is shown; now and again it is asked whether one has begun. What is not accepted yet is
// kept and sent again.

const classroom = (el, { goTo }) => {
  const EVERY = 3000, SELDOM = 30000, ME = "mdp-class", QUEUE = "mdp-class-queue";
  const page = document.querySelector("body.mdp-page");
  if (!page) return () => {}; // in a notebook there is no class
  const base = (page.dataset.baseUrl ?? "/voila/").replace(/voila\/$/, "");
  const stored = (name, otherwise) => {
    try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
  };
  const store = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* as long as the page */ } };
  let me = stored(ME, null), queue = stored(QUEUE, []), pace = null, timer = null, ended = false, sending = false, running = false;
  if (!Array.isArray(queue)) queue = [];

  const box = dom("div", "mdp-class", el);
  box.hidden = true;
  const form = dom("form", "", box);
  const label = dom("label", "", form, "Your nickname ");
  const name = dom("input", "", label, "", { type: "text", maxlength: 40, autocomplete: "off", spellcheck: "false" });
  dom("button", "", form, "Join the class", { type: "submit" });
  const who = dom("span", "mdp-class-me", box);
  const board = dom("details", "mdp-class-board", box);
  dom("summary", "", board, "Scoreboard");
  const table = dom("ol", "", board);
  const words = dom("span", "mdp-class-words", box, "", { role: "status" });

  const ask = async (path, body) => {
    const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1];
    const answer = await fetch(base + path, body === undefined ? { cache: "no-store" } : {
      method: "POST", body: JSON.stringify(body), keepalive: true,
      headers: { "Content-Type": "application/json", ...(token ? { "X-XSRFToken": token } : {}) },
    });
    let told = null;
    try { told = await answer.json(); } catch { /* 204 */ }
    return { status: answer.status, told };
  };

  const forget = (why) => {
    me = null;
    store(ME, null);
    form.hidden = false;
    words.textContent = why;
  };

  const send = async () => {
    if (sending || !me || !running) return;
    sending = true;
    try {
      while (queue.length) {
        const { status, told } = await ask("class/answer", { pupil: me.pupil, ...queue[0] });
        if (status >= 500 || status === 429) break; // later
        if (status === 404 && queue[0].kind !== "contest") break; // the class is closed for now
        if (status === 410) { // the class does not know this pupil: the answers wait for a new name
          forget(told?.message ?? "The class does not know you any more: join again.");
          break;
        }
        if (status >= 400 && told?.message) words.textContent = told.message;
        queue = queue.slice(1);
        store(QUEUE, queue);
      }
    } catch { /* no answer: it stays in the queue */ }
    sending = false;
  };

  const show = (state) => {
    running = Boolean(state.running);
    box.hidden = !running;
    form.hidden = Boolean(me);
    who.textContent = me ? me.nickname : "";
    const scores = Array.isArray(state.scoreboard) ? state.scoreboard : [];
    board.hidden = !scores.length;
    table.replaceChildren(...scores.map(({ nickname, score }) => {
      const line = dom("li", me && nickname === me.nickname ? "mine" : "", null, String(nickname));
      dom("b", "", line, String(score));
      return line;
    }));
    window.mdpClass = { running, spread: state.spread ?? {}, measured: state.measured ?? {} };
    window.dispatchEvent(new CustomEvent("mdp-class"));
    if (running && state.step !== null && state.step !== undefined && state.step !== pace) {
      goTo(state.step);
      words.textContent = `Your teacher has moved the class to step ${state.step}.`;
    }
    pace = state.step ?? null;
  };

  const look = async () => {
    let next = EVERY;
    try {
      const { status, told } = await ask(`class/state${me ? `?pupil=${encodeURIComponent(me.pupil)}` : ""}`);
      if (status === 404 || told?.running === false) { box.hidden = true; running = false; pace = null; next = SELDOM; }
      if (status === 200 && told?.running) {
        if (me && told.joined === false) forget("The class does not know you any more: join again.");
        show(told);
        send();
      }
    } catch { /* the server restarts: look again */ }
    if (!ended) timer = setTimeout(look, next * (0.8 + 0.4 * Math.random())); // not thirty pages at once
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const nickname = name.value.trim();
    if (!nickname) { words.textContent = "Type a nickname first."; return; }
    try {
      const { status, told } = await ask("class/join", { nickname });
      if (status >= 200 && status < 300 && told?.pupil) {
        me = { pupil: told.pupil, nickname: told.nickname };
        store(ME, me);
        form.hidden = true;
        who.textContent = me.nickname;
        words.textContent = "";
        send();
      } else {
        words.textContent = told?.message ?? "The class did not take this nickname. Try another one.";
      }
    } catch { words.textContent = "The class does not answer. Try again in a moment."; }
  });
  const heard = (event) => {
    queue = [...queue, event.detail].slice(-500);
    store(QUEUE, queue);
    send();
  };
  window.addEventListener("mdp-answer", heard);
  look();
  return () => {
    ended = true;
    clearTimeout(timer);
    window.removeEventListener("mdp-answer", heard);
  };
};

