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

function reach(root) {
  for (const box of all(".scroll, .statement, math[display=block]", root)) {
    if (box.closest("details:not([open])")) continue;
    if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0"); else box.removeAttribute("tabindex");
  }
}
document.addEventListener("toggle", e => { if (e.target.open) reach(e.target); }, true);
addEventListener("resize", () => reach(document));
reach(document);

function zoomable(svg) {
  const whole = svg.viewBox.baseVal, full = [whole.x, whole.y, whole.width, whole.height];
  let view = [...full], dragged = null;
  function look(next) {
    const w = Math.min(Math.max(next[2], full[2] / 12), full[2]), h = w * full[3] / full[2];
    view = [Math.min(Math.max(next[0], full[0]), full[0] + full[2] - w), Math.min(Math.max(next[1], full[1]), full[1] + full[3] - h), w, h];
    svg.setAttribute("viewBox", view.join(" "));
    svg.classList.toggle("zoomed", w < full[2]);
  }
  function by(factor, x = .5, y = .5) {
    const w = view[2] * factor, h = view[3] * factor;
    look([view[0] + (view[2] - w) * x, view[1] + (view[3] - h) * y, w, h]);
  }
  svg.addEventListener("wheel", e => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    const r = svg.getBoundingClientRect();
    by(e.deltaY > 0 ? 1.15 : 1 / 1.15, (e.clientX - r.left) / r.width, (e.clientY - r.top) / r.height);
  }, {passive: false});
  svg.addEventListener("pointerdown", e => { if (view[2] < full[2]) dragged = {x: e.clientX, y: e.clientY, from: view, moved: false}; });
  addEventListener("pointermove", e => {
    if (!dragged) return;
    const scale = view[2] / svg.clientWidth, dx = e.clientX - dragged.x, dy = e.clientY - dragged.y;
    if (Math.hypot(dx, dy) > 4) dragged.moved = true;
    if (dragged.moved) look([dragged.from[0] - dx * scale, dragged.from[1] - dy * scale, ...dragged.from.slice(2)]);
  });
  addEventListener("pointerup", () => setTimeout(() => { dragged = null; }));
  svg.addEventListener("click", e => { if (dragged?.moved) { e.preventDefault(); e.stopPropagation(); } }, true);
  return {nearer: () => by(.7), farther: () => by(1 / .7), fit: () => look(full)};
}
