// What a pupil has done, kept in the browser for each study: over a reload, and where the kernel has ended.

const progress = {
  name: (study) => `mdp-teach:${study}`,
  all(study) {
    try {
      const found = JSON.parse(localStorage.getItem(progress.name(study)));
      return found && typeof found === "object" && !Array.isArray(found) ? found : {};
    } catch { return {}; } // private mode, or not ours
  },
  get: (study, key) => progress.all(study)[key],
  put(study, key, value) {
    const now = progress.all(study);
    now[key] = value;
    try { localStorage.setItem(progress.name(study), JSON.stringify(now)); } catch { /* it lasts as long as the page */ }
    window.dispatchEvent(new CustomEvent("mdp-progress", { detail: { study, key } }));
  },
  clear(study) {
    try { localStorage.removeItem(progress.name(study)); } catch { /* nothing was kept */ }
    window.dispatchEvent(new CustomEvent("mdp-progress", { detail: { study, key: "" } }));
  },
  // For a class, if there is one: classroom.js listens.
  tell: (detail) => window.dispatchEvent(new CustomEvent("mdp-answer", { detail })),
};

