// The search palette (Ctrl-K, Cmd-K or "/") and the keys of the site ("?" lists them).
// Without JavaScript the same buttons lead to /search.

const palette = document.getElementById("palette");
const keys = document.getElementById("keys");
const box = palette.querySelector("input");
const found = document.getElementById("palette-found");
const PLACES = { o: "/", s: "/symbols", m: "/models", p: "/proof", r: "/runs", d: "/drift" };
let chosen = -1;
let asked = 0;
let waiting;

function open(dialog) {
  if (document.querySelector("dialog[open]")) return;
  dialog.showModal();
  if (dialog === palette) { box.select(); look(); }
}

async function look() {
  const mine = ++asked;
  const answer = await fetch(`/search?part=found&q=${encodeURIComponent(box.value)}`).catch(() => null);
  if (mine !== asked) return;
  if (!answer?.ok) { found.textContent = "The search cannot be reached."; return; }
  found.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  found.querySelectorAll("a").forEach((link, index) => { link.id = `found-${index}`; link.tabIndex = -1; });
  choose(0);
}

function choose(index) {
  const links = [...found.querySelectorAll("a")];
  chosen = links.length ? (index + links.length) % links.length : -1;
  links.forEach((link, at) => link.setAttribute("aria-selected", String(at === chosen)));
  if (chosen < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", links[chosen].id);
  return links[chosen].scrollIntoView({ block: "nearest" });
}

box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 90); });
box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Escape") palette.close(); // a search field would only empty itself
  else if (event.key === "Enter" && chosen >= 0) found.querySelectorAll("a")[chosen].click();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (opener) { event.preventDefault(); open(document.getElementById(opener.dataset.open)); }
  if (event.target.closest?.("[data-close]") || event.target === palette || event.target === keys) event.target.closest("dialog").close();
});

let first = "";
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); return open(palette); }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return undefined;
  if (event.key === "/") { event.preventDefault(); return open(palette); }
  if (event.key === "?") { event.preventDefault(); return open(keys); }
  if (first === "g" && PLACES[event.key]) location.assign(PLACES[event.key]);
  first = event.key === "g" ? "g" : "";
  if (first) setTimeout(() => { first = ""; }, 1200);
  return undefined;
});
