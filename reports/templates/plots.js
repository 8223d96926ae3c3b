for (const plot of all("svg.ladder")) {
  plot.addEventListener("pointermove", e => {
    const spots = plot.querySelector(".line").getAttribute("d").slice(1).split(" ").map(p => p.split(",").map(Number));
    for (let i = 1; i < spots.length; i++) spots[i][0] += spots[i - 1][0];
    const r = plot.getBoundingClientRect(), at = (e.clientX - r.left) * {{ ladder_figure.WIDTH }} / r.width;
    let k = 0, seen = plot.querySelector(".seen");
    spots.forEach((s, i) => { if (Math.abs(s[0] - at) < Math.abs(spots[k][0] - at)) k = i; });
    if (!seen) {
      seen = document.createElementNS(plot.namespaceURI, "text");
      seen.setAttribute("class", "seen end"); seen.setAttribute("x", {{ ladder_figure.RIGHT }}); seen.setAttribute("y", 10);
      plot.append(seen);
    }
    const [first, last, unit] = all(":scope > text", plot).map(t => t.textContent);
    const x = +first + (last - first) * (spots[k][0] - spots[0][0]) / (spots.at(-1)[0] - spots[0][0]);
    seen.textContent = `${unit} ${x.toPrecision(3)}: ${plot.dataset.m.split(" ")[k]}`;
  });
  plot.addEventListener("pointerleave", () => plot.querySelector(".seen")?.remove());
  plot.addEventListener("click", () => { plot.style.width = plot.style.width ? "" : "min(900px, 100%)"; });
}
