/* One chart for each of many names: search, list, previous and next; the numbers are read from one packed block. */
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const LINE_DASH = { line: "solid", dash: "dash", dot: "dot", band: "solid" };

const figures = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const stamp = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

function columnsOf(bytes, columns) {
  const kinds = { f4: Float32Array, f8: Float64Array };
  return columns.map(([kind, offset, length]) => new kinds[kind](bytes.buffer, bytes.byteOffset + offset, length));
}

class Chooser {
  constructor(root, spec, columns) {
    Object.assign(this, { root, spec, columns, shown: spec.items.map((_, i) => i), current: -1, window: 0, hidden: new Set(spec.layers.filter((layer) => !layer.shown).map((layer) => layer.label)) });
    const part = (name) => root.querySelector(`[data-part=${name}]`);
    this.parts = Object.fromEntries(["search", "list", "prev", "next", "window", "facts", "plot", "status", "name", "keys"].map((name) => [name, part(name)]));
    this.listen();
    this.filter();
    this.show(this.fromHash() ?? 0);
  }

  listen() {
    const { search, list, prev, next, window: range, keys } = this.parts;
    search.addEventListener("input", () => this.filter());
    search.addEventListener("keydown", (event) => { if (event.key === "Enter" && this.shown.length) { event.preventDefault(); this.show(this.shown[0]); } });
    list.addEventListener("change", () => this.show(Number(list.value)));
    prev.addEventListener("click", () => this.step(-1));
    next.addEventListener("click", () => this.step(1));
    range.addEventListener("change", () => { this.window = Number(range.value); this.draw(); });
    keys.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.toggle(button);
    });
    addEventListener("hashchange", () => { const index = this.fromHash(); if (index !== undefined && index !== this.current) this.show(index); });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
      if (event.key === "n" || event.key === "p") this.step(event.key === "n" ? 1 : -1);
    });
  }

  fromHash() {
    const prefix = `#${this.spec.id}=`;
    if (!location.hash.startsWith(prefix)) return undefined;
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(prefix.length)); } catch { return undefined; }
    const index = this.spec.items.findIndex((item) => item.name === name);
    return index < 0 ? undefined : index;
  }

  filter() {
    const words = this.parts.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.shown = this.spec.items.flatMap((item, i) => {
      const text = [item.name, ...item.facts.map((fact) => fact.join(" "))].join(" ").toLowerCase();
      return words.every((word) => text.includes(word)) ? [i] : [];
    });
    this.parts.list.replaceChildren(...this.shown.map((i) => new Option(this.spec.items[i].name, i, false, i === this.current)));
    if (this.current >= 0 && this.shown.length && !this.shown.includes(this.current)) this.show(this.shown[0]);
    this.parts.status.textContent = words.length ? `${this.shown.length} of ${this.spec.items.length} match` : `${this.spec.items.length} ${this.spec.noun}`;
  }

  step(by) {
    const at = this.shown.indexOf(this.current);
    const { length } = this.shown;
    if (length) this.show(this.shown[at < 0 ? 0 : (at + by + length) % length]);
  }

  show(index, remember = this.current >= 0) {
    const item = this.spec.items[index];
    if (!item) return;
    this.current = index;
    if (!this.shown.includes(index)) { this.parts.search.value = ""; this.filter(); }
    this.parts.list.value = String(index);
    this.parts.name.textContent = item.name;
    this.parts.facts.replaceChildren(...item.facts.map(([term, value]) => {
      const entry = document.createElement("div");
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = term; dd.textContent = value; entry.append(dt, dd);
      return entry;
    }));
    if (remember) try { history.replaceState(null, "", `#${this.spec.id}=${encodeURIComponent(item.name)}`); } catch { /* some browsers forbid it for files */ }
    this.draw();
  }

  toggle(button) {
    const { label } = button.dataset;
    if (!this.hidden.delete(label)) this.hidden.add(label);
    button.setAttribute("aria-pressed", String(!this.hidden.has(label)));
    this.draw();
  }

  traces() {
    const item = this.spec.items[this.current];
    return this.spec.layers.filter((layer) => item.columns[layer.name] && !this.hidden.has(layer.label)).flatMap((layer) => {
      const columns = item.columns[layer.name].map((i) => this.columns[i]);
      return layer.style === "band" ? this.band(layer, columns) : [this.line(layer, columns)];
    });
  }

  line(layer, [x, y, made]) {
    const unit = this.spec.unit ? ` ${escaped(this.spec.unit)}` : "";
    return {
      type: "scatter", mode: "lines", x, y, name: escaped(layer.label), customdata: made && Array.from(made, stamp),
      line: { color: layer.colour, width: layer.width, dash: LINE_DASH[layer.style] }, connectgaps: false,
      hovertemplate: `%{y:,.4~r}${unit}${made ? " · made %{customdata}" : ""}`,
    };
  }

  band(layer, [x, lower, upper]) {
    const px = [], py = [];
    for (let start = 0, i = 0; i <= x.length; i++) {
      if (i < x.length && Number.isFinite(lower[i]) && Number.isFinite(upper[i])) continue;
      for (let j = start; j < i; j++) { px.push(x[j]); py.push(upper[j]); }
      for (let j = i - 1; j >= start; j--) { px.push(x[j]); py.push(lower[j]); }
      if (i > start) { px.push(x[start]); py.push(NaN); }
      start = i + 1;
    }
    const words = Array.from(lower, (low, i) => `${figures.format(low)} to ${figures.format(upper[i])}`);
    return [
      { type: "scatter", mode: "lines", x: px, y: py, fill: "toself", fillcolor: layer.colour, line: { width: 0, color: layer.colour }, hoverinfo: "skip" },
      { type: "scatter", mode: "lines", x, y: upper, name: escaped(layer.label), customdata: words, line: { width: 0, color: layer.colour }, hovertemplate: "%{customdata}" },
    ];
  }

  marks(span) {
    const item = this.spec.items[this.current];
    const late = (at) => span && (at - span.start_ms) / (span.end_ms - span.start_ms) > 0.8;
    const marks = [[item.mark_ms, "forecast"], [span?.mark_ms, "made here"]]
      .filter(([at]) => at !== null && at !== undefined)
      .map(([at, text]) => [at, text, late(at) ? "right" : "left"]);
    return {
      shapes: marks.map(([at]) => ({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: "--quiet", width: 1, dash: "dot" } })),
      annotations: marks.map(([at, text, xanchor]) => ({ x: at, y: 1, yref: "paper", yanchor: "top", xanchor, text: `${text} →`, showarrow: false, font: { size: 11, color: "--quiet" } })),
    };
  }

  range(traces, { start_ms: start, end_ms: end }) {
    let low = Infinity, high = -Infinity;
    for (const { x, y } of traces) for (let i = 0; i < x.length; i++) {
      if (x[i] >= start && x[i] <= end && Number.isFinite(y[i])) { low = Math.min(low, y[i]); high = Math.max(high, y[i]); }
    }
    const pad = (high - low || Math.abs(high) || 1) * 0.05;
    return low <= high ? [low - pad, high + pad] : undefined;
  }

  draw() {
    const data = this.traces();
    const span = this.spec.windows[this.window];
    const layout = { ...this.spec.layout, ...this.marks(span), xaxis: { ...this.spec.layout.xaxis }, yaxis: { ...this.spec.layout.yaxis } };
    if (span) {
      layout.xaxis.range = [span.start_ms, span.end_ms];
      const range = this.range(data, span);
      if (range) layout.yaxis.range = range;
    }
    const touch = matchMedia("(pointer: coarse)").matches;
    if (touch) layout.dragmode = false;
    draw(this.parts.plot, { data, layout, phone: {} }, { displayModeBar: touch ? false : "hover", displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] });
  }
}

async function startChoosers() {
  const choosers = new Map();
  for (const root of document.querySelectorAll("[data-chooser]")) {
    const { chooser: id } = root.dataset;
    const spec = readJson(`${id}-items`);
    choosers.set(id, new Chooser(root, spec, columnsOf(await inflating(`${id}-block`), spec.block)));
  }
  const open = (chooser, index) => {
    chooser.show(index, true);
    chooser.root.scrollIntoView({ block: "start" });
    chooser.parts.name.focus({ preventScroll: true });
  };
  for (const element of document.querySelectorAll("[data-picks]")) {
    const chooser = choosers.get(element.dataset.picks);
    element.on("plotly_click", ({ points: [point] }) => { if (chooser && Number.isInteger(point.customdata)) open(chooser, point.customdata); });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-pick]");
    const chooser = link && choosers.get(link.dataset.pick);
    if (!chooser) return;
    event.preventDefault();
    open(chooser, Number(link.dataset.item));
  });
}
