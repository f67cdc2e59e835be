// Edits made without a connection are kept on the device and merged when it comes back: the last
// writing of each field wins, on every device alike (POST /v1/watchlist).

const KEPT = "augury-watch-edits";
const DEVICE = "augury-device";
const csrf = document.querySelector('input[name="csrf"]')?.value ?? "";

function device() {
  let name = localStorage.getItem(DEVICE);
  if (!name) {
    name = crypto.randomUUID();
    localStorage.setItem(DEVICE, name);
  }
  return name;
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

function tell(text) {
  const status = document.querySelector("[data-sync]");
  if (!status) return;
  status.textContent = text;
  status.hidden = false;
}

function counted(changes) {
  const symbols = new Set(changes.map((change) => change.symbol)).size;
  return `edits of ${symbols} ${symbols === 1 ? "symbol" : "symbols"}`;
}

function edits(form, remove) {
  const data = new FormData(form);
  const at = new Date().toISOString();
  const symbol = String(data.get("symbol")).trim();
  const found = [{ symbol, field: "removed", value: remove }];
  if (data.has("note")) found.push({ symbol, field: "note", value: String(data.get("note")) });
  if (data.get("position")) found.push({ symbol, field: "position", value: Number(data.get("position")) });
  return found.map((edit) => ({ ...edit, at, device: device() }));
}

export async function merge() {
  const changes = kept();
  if (!changes.length || !navigator.onLine) return;
  const answer = await fetch("/v1/watchlist", {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify({ changes }),
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
    tell(`Not merged yet: ${problem.detail}`);
    return;
  }
  // Only what was sent is done: an edit made meanwhile stays.
  const rest = kept().slice(changes.length);
  localStorage.setItem(KEPT, JSON.stringify(rest));
  location.reload();
}

// On the document, since the page's own part is put anew when the connection is back.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-watch]");
  if (!form || navigator.onLine) return; // the form works by itself
  event.preventDefault();
  const changes = [...kept(), ...edits(form, event.submitter?.name === "remove")];
  localStorage.setItem(KEPT, JSON.stringify(changes));
  tell(`Offline: ${counted(changes)} kept on this device, merged when it is back.`);
});

window.addEventListener("online", merge);
if (kept().length) tell(`Not merged yet: ${counted(kept())} of this device.`);
merge();
