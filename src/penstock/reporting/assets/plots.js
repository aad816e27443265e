/* Draws the figures in the colours of the theme, and again when theme or width change. */
const NARROW_PX = 560;
const CONFIG = { responsive: false, displayModeBar: false, scrollZoom: false, doubleClick: "reset" };
const readJson = (id) => JSON.parse(document.getElementById(id).textContent);
const drawn = new Map();

function coloured(node, styles, key = "") {
  if (Array.isArray(node)) return node.map((value) => coloured(value, styles, key));
  if (node && typeof node === "object" && !ArrayBuffer.isView(node)) {
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, coloured(value, styles, name)]));
  }
  if (typeof node === "string" && node.startsWith("--") && /color$/.test(key)) {
    return styles.getPropertyValue(node).trim() || node;
  }
  return node;
}

function draw(element, figure, extra = {}) {
  drawn.set(element, { figure, extra });
  const width = printing ? (element.closest(".row") ? PAPER_PX / 2 - 20 : PAPER_PX) : element.clientWidth;
  if (!width) return undefined;
  const narrow = width < NARROW_PX;
  const { data, layout } = coloured(
    { data: figure.data, layout: { ...figure.layout, ...(narrow ? figure.phone : {}) } },
    getComputedStyle(document.documentElement),
  );
  return Plotly.react(element, data, { ...layout, width, height: element.clientHeight }, { ...CONFIG, ...extra });
}

const redraw = () => { for (const [element, { figure, extra }] of drawn) draw(element, figure, extra); };

async function loadPlotly() {
  const bytes = await inflating("plotly-source");
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(bytes);
  document.head.append(script);
}

async function drawAll() {
  await loadPlotly();
  const figures = readJson("figures");
  for (const element of document.querySelectorAll("[data-figure]")) {
    draw(element, figures[element.dataset.figure]);
    element.setAttribute("data-drawn", "");
    await new Promise((next) => setTimeout(next));
  }
}

/* Paper is light and A4 wide, whatever the screen. */
const PAPER_PX = 680;
let printing = false;
let themeBefore = null;
addEventListener("beforeprint", () => {
  printing = true;
  themeBefore = document.documentElement.dataset.theme ?? "";
  document.documentElement.dataset.theme = "light";
  for (const fold of document.querySelectorAll("details:not([open], .numbers)")) { fold.open = true; fold.dataset.shut = ""; }
  redraw();
});
addEventListener("afterprint", () => {
  printing = false;
  if (themeBefore) document.documentElement.dataset.theme = themeBefore;
  else delete document.documentElement.dataset.theme;
  for (const fold of document.querySelectorAll("details[data-shut]")) { fold.open = false; delete fold.dataset.shut; }
  redraw();
});

let lastWidth = innerWidth;
let settling = 0;
addEventListener("resize", () => {
  if (innerWidth === lastWidth || printing) return;
  lastWidth = innerWidth;
  clearTimeout(settling);
  settling = setTimeout(redraw, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.addEventListener("toggle", (event) => {
  if (event.target.open) for (const element of event.target.querySelectorAll("[data-figure]")) {
    const known = drawn.get(element);
    if (known) draw(element, known.figure, known.extra);
  }
}, true);
