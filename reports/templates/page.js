"use strict";
const one = id => document.getElementById(id), all = (s, e = document) => [...e.querySelectorAll(s)];
let noted;
function note(text) {
  const box = one("note");
  box.textContent = text; box.hidden = false;
  clearTimeout(noted); noted = setTimeout(() => { box.hidden = true; }, 4000);
}
async function copy(text) {
  try { await navigator.clipboard.writeText(text); }
  catch {
    const box = document.createElement("textarea");
    box.value = text; document.body.append(box); box.select(); document.execCommand("copy"); box.remove();
  }
  note("copied");
}
document.addEventListener("click", e => {
  const button = e.target.closest?.("button.copy");
  if (button) copy(button.previousElementSibling.textContent);
});
one("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
});
let folded = null;
function unfoldAll() { folded = all("details:not([open])"); for (const d of folded) d.open = true; }
one("print").addEventListener("click", () => { unfoldAll(); print(); });
addEventListener("afterprint", () => { for (const d of folded || []) d.open = false; folded = null; });
