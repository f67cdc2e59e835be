// Edits made without a connection are kept on the device and merged when it comes back: the last
// writing of each field wins, on every device alike (POST /v1/watchlist).

const KEPT = "augury-watch-edits";
const DEVICE = "augury-device";
const status = document.querySelector("[data-sync]");
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
  if (status) status.textContent = text;
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

for (const form of document.querySelectorAll("form[data-watch]")) {
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return; // the form works by itself
    event.preventDefault();
    const changes = [...kept(), ...edits(form, event.submitter?.name === "remove")];
    localStorage.setItem(KEPT, JSON.stringify(changes));
    tell(`Offline: ${changes.length} changes are kept on this device and merged when it is back.`);
  });
}

window.addEventListener("online", merge);
if (kept().length) tell(`${kept().length} changes of this device are not merged yet.`);
merge();
