// One button that prints; the page needs no other script.
document.getElementById("print").addEventListener("click", () => window.print());
