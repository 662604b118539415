// The page's head: which study is open, undo and redo, links, light and dark.

const theme = () => document.documentElement.dataset.mdpTheme
  ?? (document.body.dataset.jpThemeLight === "false" ? "dark" : "light");

function render({ model, el }) {
  el.classList.add("mdp-header", "mdp");
  dom("h1", "", el, "Pruning explorer");
  const picker = dom("label", "mdp-h-picker", el);
  dom("span", "mdp-h-hidden", picker, "Study");
  const select = dom("select", "", picker);
  const on = dom("label", "mdp-h-picker mdp-h-on", el);
  dom("span", "mdp-h-hidden", on, "Deployment that the budget is of");
  const deployment = dom("select", "", on);
  const facts = dom("span", "mdp-h-facts", el);
  const nav = dom("nav", "mdp-h-nav mdp-noprint", el);
  const button = (text, title, act) => {
    const node = dom("button", "", nav, text);
    node.type = "button";
    node.title = title;
    node.setAttribute("aria-label", title);
    node.addEventListener("click", act);
    return node;
  };
  const undo = button("↶", "Undo (Ctrl+Z)", () => model.send({ kind: "undo" }));
  const redo = button("↷", "Redo (Ctrl+Shift+Z)", () => model.send({ kind: "redo" }));
  const links = dom("span", "mdp-h-links", nav);
  button("◐", "Light or dark", () => {
    const next = theme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.mdpTheme = next;
    try { localStorage.setItem("mdp-theme", next); } catch { /* private mode: it lasts as long as the page */ }
  });

  const showStudies = () => {
    const studies = model.get("studies"), open = model.get("opened");
    select.replaceChildren(...studies.map((s) => {
      const option = dom("option", "", null, s.text);
      option.value = s.path;
      option.selected = s.path === open;
      return option;
    }));
    if (!studies.some((s) => s.path === open)) {
      const option = dom("option", "", null, model.get("opened_text") || "No study is open");
      option.value = "";
      option.selected = true;
      select.prepend(option);
    }
    select.title = model.get("opened_text"); // whole, where it is too long for its place
    // The first is the one that the budget is of; in the list each keeps its place.
    const several = model.get("deployments");
    on.hidden = several.length < 2;
    deployment.replaceChildren(...[...several].sort().map((name) => {
      const option = dom("option", "", null, name);
      option.value = name;
      option.selected = name === several[0];
      return option;
    }));
    facts.textContent = model.get("facts");
    facts.title = model.get("facts");
  };
  const showHistory = () => {
    undo.disabled = !model.get("can_undo");
    redo.disabled = !model.get("can_redo");
  };
  const showLinks = () => {
    if (!document.getElementById("mdp-page")) return; // the addresses are those of our own server
    links.replaceChildren(...model.get("links").map(([text, address]) => {
      const link = dom("a", "", null, text);
      // Below a path where the server has one; the view goes along, so that the other page opens the same study.
      const base = document.querySelector("body.mdp-page")?.dataset.baseUrl?.replace(/voila\/$/, "") ?? "/";
      const aim = () => { link.href = base + address.replace(/^\//, "") + location.hash; };
      aim();
      link.addEventListener("pointerdown", aim);
      link.addEventListener("focus", aim);
      link.target = "_blank";
      return link;
    }));
  };
  const wait = () => { facts.textContent = "Opening…"; };
  select.addEventListener("change", () => {
    if (!select.value) return;
    wait();
    model.send({ kind: "open", path: select.value });
  });
  deployment.addEventListener("change", () => {
    wait();
    model.send({ kind: "deploy", name: deployment.value });
  });
  const answered = (message) => {
    if (message?.kind !== "answered") return;
    showStudies();
    delete document.documentElement.dataset.mdpAsked; // the page shows what was asked for
  };
  model.on("msg:custom", answered);
  // A list that was made before the page opened may be old: look again whenever it is about to be used.
  select.addEventListener("focus", () => model.send({ kind: "refresh" }));
  const keys = (event) => {
    const typing = /^(text|number)$/.test(event.target?.type ?? "") || event.target?.isContentEditable;
    if (typing || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (!document.body.contains(el) || !document.getElementById("mdp-page")) return; // not in a notebook
    event.preventDefault();
    model.send({ kind: event.shiftKey ? "redo" : "undo" });
  };
  document.addEventListener("keydown", keys);

  // A tab that is asked for is brought into view: on a projector its contents are below the edge.
  const show = (event) => {
    const tab = event.target.closest?.(".mdp-explorer .lm-TabBar-tab");
    const box = tab?.closest(".widget-tab");
    if (!box) return;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const near = () => {
      const { top, bottom } = box.getBoundingClientRect();
      if (bottom > window.innerHeight) box.scrollIntoView({ block: top < 0 ? "start" : "nearest", behavior: calm ? "auto" : "smooth" });
    };
    // Its contents are made when it is first opened, and grow as they arrive.
    const grown = new ResizeObserver(near);
    grown.observe(box);
    const end = () => grown.disconnect();
    setTimeout(end, 3000);
    window.addEventListener("wheel", end, { once: true, passive: true });
  };
  document.addEventListener("click", show);
  // A shorter tab, or one whose contents are on their way, would end the page higher up and pull the tabs away
  // from under the pointer: the page stays as long as what is seen of it.
  const hold = (event) => {
    const box = event.target.closest?.(".mdp-explorer .lm-TabBar")?.closest(".widget-tab");
    if (box) box.style.minHeight = `${Math.max(0, window.innerHeight - box.getBoundingClientRect().top)}px`;
  };
  const holding = ["pointerdown", "keydown"]; // before the tabs themselves hear of it
  holding.forEach((kind) => document.addEventListener(kind, hold, true));

  // The address says what is shown, so that a link or a reload opens the same view; on our own page only.
  const page = document.getElementById("mdp-page");
  const showAddress = () => {
    if (page && model.get("address")) history.replaceState(null, "", `#${model.get("address")}`);
  };
  const asked = page ? location.hash.slice(1) : "";

  const watch = [["change:studies change:opened change:opened_text change:deployments change:facts", showStudies],
                 ["change:can_undo change:can_redo", showHistory], ["change:links", showLinks],
                 ["change:address", showAddress]];
  watch.forEach(([events, act]) => model.on(events, act));
  showStudies();
  showHistory();
  showLinks();
  if (asked) wait();
  model.send({ kind: "hello", address: asked });
  return () => {
    model.off("msg:custom", answered);
    document.removeEventListener("keydown", keys);
    document.removeEventListener("click", show);
    holding.forEach((kind) => document.removeEventListener(kind, hold, true));
    watch.forEach(([events, act]) => model.off(events, act));
  };
}

export default { render };
