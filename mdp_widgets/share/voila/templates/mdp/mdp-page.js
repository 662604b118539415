// Watches over the page: says when its kernel or its server is gone, or when opening takes too long, and offers
// a way back. The address holds the view, so loading it again opens the same one.
(() => {
  const EVERY = 3000, SLOW = 25000, since = Date.now();
  let notice = null, misses = 0;

  const say = (text) => {
    if (!text) { notice?.remove(); notice = null; return; }
    if (!notice) {
      notice = document.createElement("div");
      notice.id = "mdp-notice";
      notice.setAttribute("role", "alert");
      const again = document.createElement("button");
      again.type = "button";
      again.textContent = "Open this view again";
      again.addEventListener("click", () => location.reload());
      notice.append(document.createElement("span"), again);
      document.body.append(notice);
    }
    const span = notice.firstChild;
    if (span.textContent !== text) span.textContent = text; // read aloud once, not every time we look
  };

  const opened = () => !document.getElementById("mdp-opening");
  const config = () => {
    try { return JSON.parse(document.getElementById("jupyter-config-data").textContent); } catch { return null; }
  };

  // "alive", "gone", or "silent" where the server does not answer.
  const ask = async (page) => {
    try {
      const answer = await fetch(`${page.baseUrl}mdp/kernel/${page.kernelId}`, { cache: "no-store" });
      return answer.ok ? ((await answer.json()).alive ? "alive" : "gone") : "gone";
    } catch { return "silent"; }
  };

  const look = async () => {
    const page = config();
    const found = page ? await ask(page) : "alive"; // no kernel yet: the server is still starting one
    misses = found === "silent" ? misses + 1 : 0;
    if (found === "gone") {
      say("The process behind this page has ended" + (opened() ? ", or was idle for long." : ".")
        + " Work that was started goes on.");
    } else if (misses >= 2) {
      say("The explorer's server does not answer: it was stopped, or this machine has lost its network. "
        + "Start it again (make app), then open this view again.");
    } else if (window.mdpRefused) {
      say("The server, or what stands in front of it, refuses this page its channel: websockets are not passed on, "
        + "or the address is not the one that the explorer was started with (--url).");
    } else if (!opened() && Date.now() - since > SLOW) {
      say("Opening takes longer than usual; the machine may be busy.");
    } else {
      say("");
    }
    // A kernel never comes back to life; nothing is left to ask.
    if (found !== "gone") setTimeout(look, EVERY);
  };
  // Voila says that it is done before the first widget is drawn; until then the page would be blank.
  const waiting = new MutationObserver(() => {
    if (!document.querySelector(".mdp, .jp-RenderedText")) return; // a text is what went wrong
    waiting.disconnect();
    document.getElementById("mdp-opening").remove();
  });
  waiting.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => setTimeout(look, 1000), { once: true });
  setTimeout(() => { if (document.readyState === "loading") look(); }, SLOW);
})();
