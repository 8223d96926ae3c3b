for (const picture of all("svg.picture")) {
  const panels = JSON.parse(picture.dataset.panels), frame = zoomable(picture), tip = one("tip");
  const bar = document.createElement("p");
  bar.className = "tools";
  for (const [sign, does, act] of [["+", "zoom in", frame.nearer], ["−", "zoom out", frame.farther], ["fit", "fit the picture", frame.fit]]) {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = sign; button.setAttribute("aria-label", does); button.addEventListener("click", act);
    bar.append(button);
  }
  picture.before(bar);
  const rule = document.createElementNS(picture.namespaceURI, "path");
  rule.setAttribute("class", "rule");
  picture.append(rule);
  const short = v => v && (Math.abs(v) >= 1e6 || Math.abs(v) < 1e-3) ? v.toExponential(3) : String(+v.toPrecision(5));
  const scaled = ([, log], v) => log ? Math.log10(v) : v;
  const along = (axis, v, from, to) => {
    const [low, high, here] = [axis[2], axis[3], v].map(x => scaled(axis, x));
    return from + (to - from) * (here - low) / (high - low);
  };
  const between = (borders, spot, place) => borders.findIndex((b, i) => i && (place(borders[i - 1]) - spot) * (place(b) - spot) <= 0) - 1;
  function at(panel, spot) {
    const [left, top, width, height] = panel.box, {x: across, y: down} = panel;
    const px = v => along(across, v, left, left + width), py = v => along(down, v, top + height, top);
    const said = [], marks = [];
    let stop = null;
    for (const [label, x, y] of panel.lines) {
      const seen = x.map((v, i) => i).filter(i => x[i] !== null && y[i] !== null && px(x[i]) > left - 1 && px(x[i]) < left + width + 1);
      if (!seen.length) continue;
      const far = i => Math.abs(px(x[i]) - spot.x), k = seen.reduce((best, i) => far(i) < far(best) ? i : best);
      if (x.length === 1) {
        if (Math.hypot(far(k), py(y[k]) - spot.y) < 9) marks.push(`${label}: ${short(x[k])}, ${short(y[k])}`);
      } else {
        stop ??= x[k];
        said.push(`${label}: ${short(y[k])}`);
      }
    }
    if (panel.cells) {
      const {x, y, values, label} = panel.cells, i = between(x[0], spot.x, px), j = between(y[0], spot.y, py);
      if (i < 0 || j < 0) return null;
      const value = values[j][i];
      return {stop: null, lines: [`${across[0]}: ${short(x[1][i])}`, `${down[0]}: ${short(y[1][j])}`, `${label}: ${value === null ? "none" : short(value)}`, ...marks]};
    }
    return {stop: stop === null ? null : px(stop), lines: [...(stop === null ? [] : [`${across[0]}: ${short(stop)}`]), ...said, ...marks]};
  }
  picture.addEventListener("pointermove", e => {
    const spot = new DOMPoint(e.clientX, e.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const panel = panels.find(({box: [x, y, w, h]}) => spot.x >= x && spot.x <= x + w && spot.y >= y && spot.y <= y + h);
    const found = panel && at(panel, spot);
    tip.hidden = !found?.lines.length;
    rule.setAttribute("d", found?.stop == null ? "" : `M${found.stop},${panel.box[1]}v${panel.box[3]}`);
    if (tip.hidden) return;
    tip.textContent = found.lines.join("\n");
    tip.style.left = Math.max(4, Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = Math.max(4, e.clientY + 18 + tip.offsetHeight > innerHeight ? e.clientY - tip.offsetHeight - 10 : e.clientY + 18) + "px";
  });
  picture.addEventListener("pointerleave", () => { tip.hidden = true; rule.setAttribute("d", ""); });
}
