// Jobs as they go: the parts of the page marked data-live are fetched again when the service says that something changed.
// Without this file the page is whole; it is then as old as its last load.

import { showTimes } from "./shell.js";

const PAUSE_MS = 400;
let waiting = null;

/** Fetch this page again and put its live parts in place of those shown; focus inside them is kept out of it. */
async function refresh() {
  waiting = null;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!other || part.innerHTML === other.innerHTML || part.contains(document.activeElement)) continue;
    part.replaceChildren(...other.childNodes);
    showTimes(part);
  }
}

function soon() {
  waiting ??= setTimeout(refresh, PAUSE_MS);
}

/** Follow all jobs: the list is fetched again when one of them changes. */
function followAll(part) {
  const source = new EventSource(part.dataset.jobs);
  source.addEventListener("changed", soon);
  addEventListener("pagehide", () => source.close(), { once: true });
}

/** Follow one job: its progress is shown as it comes, the rest of the page when there is a line in its log. */
function followOne(part) {
  const source = new EventSource(part.dataset.job);
  source.addEventListener("progress", (event) => {
    const { progress } = JSON.parse(event.data);
    const bar = part.querySelector("progress");
    if (bar) bar.value = progress;
    const said = part.querySelector("[data-said]");
    if (said) said.textContent = `${Math.round(progress * 100)} % done`;
  });
  source.addEventListener("log", soon);
  source.addEventListener("state", (event) => {
    if (JSON.parse(event.data).ended) source.close();
    soon();
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

for (const part of document.querySelectorAll("[data-jobs]")) followAll(part);
for (const part of document.querySelectorAll("[data-job]")) followOne(part);
