/* Theme, contents, sorting and copying. */
function startTheme() {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const tell = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${dark() ? "light" : "dark"} theme`);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    tell();
    redraw();
  });
  button.hidden = false;
  tell();
}

function startContents() {
  const links = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
  const mark = (id) => {
    for (const [name, link] of links) {
      if (name === id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const list = document.querySelector("#contents ol");
    const link = links.get(id);
    if (link && list.scrollWidth > list.clientWidth) list.scrollTo({ left: link.offsetLeft - list.clientWidth / 3 });
  };
  const sections = [...document.querySelectorAll("main > section")];
  const watch = () => {
    const above = sections.filter((section) => section.getBoundingClientRect().top < innerHeight * 0.3);
    mark((above.at(-1) ?? sections[0])?.id);
  };
  addEventListener("scroll", watch, { passive: true });
  watch();
}

function startSorting() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("th button");
    if (!button) return;
    const heading = button.parentElement;
    const down = heading.getAttribute("aria-sort") !== "descending";
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = heading.closest("table").tBodies[0];
    const value = (row) => row.cells[heading.cellIndex];
    const number = (text) => ({ inf: Infinity, "-inf": -Infinity })[text] ?? Number(text);
    const compare = (a, b) => {
      const [x, y] = [value(a).dataset.sort, value(b).dataset.sort];
      if (x !== undefined && y !== undefined) return number(x) - number(y);
      return (x !== undefined) - (y !== undefined) || value(a).textContent.localeCompare(value(b).textContent);
    };
    body.append(...[...body.rows].sort((a, b) => (down ? -compare(a, b) : compare(a, b))));
  });
}

function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
}

startTheme();
startContents();
startSorting();
startCopying();
drawAll().then(startChoosers).then(
  () => document.documentElement.setAttribute("data-ready", ""),
  (error) => {
    const notice = document.getElementById("broken");
    notice.hidden = false;
    notice.querySelector("span").textContent = String(error?.message ?? error);
  },
);
