const claims = all("details.claim"), home = new Map(claims.map(c => [c, c.parentElement]));
const FIELDS = ["text", "verdict", "kind", "grade", "provenance", "sort"], GRADES = {{ opening.RANKS | tojson }};
const VERDICTS = ["fails", "error", "vacuous", "undecided", "not-run", "holds"];
const plain = text => text.toLowerCase().replace(/[_{}\\]/g, "");
let said = null, current = "", shownOrder = "";
function textOf(c) {
  said ||= new Map();
  if (!said.has(c)) said.set(c, plain(c.textContent));
  return said.get(c);
}
const rank = (list, x) => { const at = list.indexOf(x); return at < 0 ? list.length : at; };
const KEYS = {
  closeness: c => -(c.dataset.c ?? -1), seconds: c => -c.dataset.s,
  grade: c => rank(GRADES, c.dataset.grade), verdict: c => rank(VERDICTS, c.dataset.verdict), id: c => c.id,
};
function arrange(by) {
  if (by === shownOrder) return;
  shownOrder = by;
  const key = KEYS[by], place = new Map(claims.map((c, i) => [c, i]));
  const less = (a, b) => { const x = key(a), y = key(b); return x < y ? -1 : x > y ? 1 : place.get(a) - place.get(b); };
  if (key) one("sorted").append(...[...claims].sort(less));
  else for (const c of claims) home.get(c).append(c);
  for (const b of all(".heads button")) b.setAttribute("aria-pressed", String(b.dataset.sort === by));
}
function filter() {
  const words = plain(one("text").value).split(/\s+/).filter(Boolean), verdict = one("verdict").value,
    kind = one("kind").value, grade = one("grade").value, provenance = one("provenance").value;
  let n = 0;
  for (const c of claims) {
    const d = c.dataset, ok = (!verdict || d.verdict === verdict) && (!kind || d.kinds.split(" ").includes(kind))
      && (!grade || d.grade === grade) && (!provenance || d.provenance === provenance) && words.every(w => textOf(c).includes(w));
    c.hidden = !ok; n += ok;
  }
  arrange(one("sort").value);
  for (const s of all("section.chapter")) s.hidden = !s.querySelector("details.claim:not([hidden])");
  for (const b of all(".tiles button")) b.setAttribute("aria-pressed", String(one(b.dataset.field).value === b.dataset.value));
  one("shown").textContent = n + " of " + claims.length;
  one("none").hidden = n > 0 || !claims.length;
}
function remember() {
  const state = new URLSearchParams();
  for (const id of FIELDS) if (one(id).value) state.set(id, one(id).value);
  if (current) state.set("claim", current);
  const text = state.toString();
  history.replaceState(null, "", text ? "#?" + text : "#");
}
function clear() { for (const id of FIELDS) if (id !== "sort") one(id).value = ""; filter(); }
function reveal(target) {
  const c = target.closest("details.claim");
  if (c?.hidden) { clear(); note("the filters are off: they hid " + c.id.slice(6)); }
  for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  target.scrollIntoView();
  if (c) requestAnimationFrame(() => target.scrollIntoView());
}
function follow() {
  const hash = location.hash.slice(1);
  if (hash.startsWith("?")) {
    const state = new URLSearchParams(hash.slice(1));
    for (const id of FIELDS) { one(id).value = state.get(id) ?? ""; if (one(id).selectedIndex < 0) one(id).value = ""; }
    filter();
    const c = state.get("claim") && one("claim-" + state.get("claim"));
    if (c) { current = state.get("claim"); reveal(c); }
    return;
  }
  let target = null;
  try { target = hash && one(decodeURIComponent(hash)); } catch { return; }
  if (target) reveal(target);
}
for (const id of FIELDS) one(id).addEventListener("input", () => { filter(); remember(); });
for (const b of all(".heads button")) b.addEventListener("click", () => {
  one("sort").value = one("sort").value === b.dataset.sort ? "" : b.dataset.sort; filter(); remember();
});
for (const b of all(".tiles button")) b.addEventListener("click", () => {
  const box = one(b.dataset.field), other = one(b.dataset.field === "verdict" ? "grade" : "verdict");
  box.value = box.value === b.dataset.value ? "" : b.dataset.value; other.value = "";
  filter(); remember(); one("catalogue").scrollIntoView();
});
for (const c of claims) {
  c.firstElementChild.addEventListener("click", () => { current = c.open ? "" : c.id.slice(6); remember(); });
  c.addEventListener("toggle", e => {
    if (e.target !== c || c.dataset.tools) return;
    const tools = document.createElement("p");
    tools.className = "tools"; c.dataset.tools = "1";
    tools.innerHTML = '<button class="share" type="button">copy a link to this claim</button><button class="lit" type="button">what it rests on, and what rests on it</button>';
    c.querySelector("dl").after(tools);
  });
}
one("clear").addEventListener("click", () => { clear(); remember(); one("text").focus(); });
one("unfold").addEventListener("click", e => {
  const open = e.target.textContent === "unfold all";
  for (const c of claims) if (!c.hidden) c.open = open;
  e.target.textContent = open ? "fold all" : "unfold all";
});
document.addEventListener("click", e => {
  const link = e.target.closest?.("a[href^='#']"), target = link && one(decodeURIComponent(link.getAttribute("href").slice(1)));
  if (target) reveal(target);
  const share = e.target.closest?.("button.share");
  const lit = e.target.closest?.("button.lit");
  if (lit) { pinned = true; light(claims.indexOf(lit.closest("details")), true); }
  if (share) copy(location.href.split("#")[0] + "#" + encodeURIComponent(share.closest("details").id));
});
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") unfocus();
  if (e.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) { e.preventDefault(); one("text").focus(); }
});

const graph = one("graph"), nodes = all("#graph .node"), paths = all("#graph path"), drawing = graph.querySelector("svg");
const frame = zoomable(drawing);
let pinned = false;
one("zoom-in").addEventListener("click", frame.nearer);
one("zoom-out").addEventListener("click", frame.farther);
one("fit").addEventListener("click", frame.fit);
const ends = paths.map(p => p.dataset.e.split(" ").map(Number));
function reached(at, start, end) {
  const found = new Set([at]);
  for (const x of found) for (const e of ends) if (e[start] === x) found.add(e[end]);
  return found;
}
function light(at, scroll) {
  const below = reached(at, 1, 0), above = reached(at, 0, 1), c = claims[at];
  graph.classList.add("focused"); one("unfocus").disabled = false;
  nodes.forEach((n, i) => { n.classList.toggle("on", below.has(i) || above.has(i)); n.classList.toggle("self", i === at); });
  paths.forEach((p, i) => p.classList.toggle("on", [below, above].some(s => s.has(ends[i][0]) && s.has(ends[i][1]))));
  const many = (n, one, more) => n === 1 ? "1 claim " + one : n + " claims " + more;
  one("focused").textContent = c.id.slice(6) + ": " + c.firstElementChild.children[1].textContent + "; it rests on "
    + (below.size === 2 ? "1 claim" : below.size - 1 + " claims") + ", and " + many(above.size - 1, "rests on it", "rest on it");
  if (scroll) nodes[at].scrollIntoView({block: "center"});
}
function unfocus() { pinned = false; graph.classList.remove("focused"); one("unfocus").disabled = true; one("focused").textContent = ""; for (const n of nodes) n.classList.remove("self"); }
nodes.forEach((n, at) => {
  n.addEventListener("pointerenter", e => { if (e.pointerType === "mouse" && !pinned) light(at); });
  n.addEventListener("focus", () => light(at));
});
drawing.addEventListener("pointerleave", () => { if (!pinned && !graph.contains(document.activeElement)) unfocus(); });
graph.addEventListener("keydown", e => {
  const at = nodes.indexOf(document.activeElement), step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
  if (at < 0 || !step) return;
  e.preventDefault();
  const next = nodes[Math.min(Math.max(at + step, 0), nodes.length - 1)];
  nodes[at].tabIndex = -1; next.tabIndex = 0; next.focus();
});
one("unfocus").addEventListener("click", unfocus);
addEventListener("hashchange", follow); filter(); follow();
