// The shell of every page: clocks, forms that submit once and keep their input, banners, the installed app.
// Pages are whole without it.

const page = document.documentElement;
const banners = document.querySelector(".banners");

/** Say something across the page; a banner with the same `name` is replaced. `act`: [word, function]. */
export function banner(name, text, act) {
  banners.querySelector(`[data-name="${name}"]`)?.remove();
  const made = document.createElement("div");
  made.className = "banner";
  made.dataset.name = name;
  const said = document.createElement("p");
  said.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = act ? act[0] : "Close";
  button.addEventListener("click", () => (act ? act[1]() : made.remove()));
  made.append(said, button);
  banners.append(made);
}

export function unsay(name) {
  banners.querySelector(`[data-name="${name}"]`)?.remove();
}

/** What a status means to somebody who only wants the page to work; null when all is well. */
export function trouble(status, retryAfter, detail = "") {
  if (status === 401) return "You were signed out. Sign in again; what you typed is kept.";
  if (status === 403) return detail || "You may not do this.";
  if (status === 429) return `Too many calls. Try again in ${Math.max(1, Number(retryAfter) || 1)} s.`;
  if (status === 503) return detail || `The service is not ready. Try again in ${Number(retryAfter) || 2} s.`;
  if (status >= 500) return "Something went wrong on the server; its log has it.";
  return status >= 400 ? detail || `The service refused this (${status}).` : null;
}

// Clocks: the reader's own above, the market's below as the server wrote it.
const clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
const zoneName = new Intl.DateTimeFormat("en", { timeZoneName: "short" });
export function localTime(moment) {
  const zone = zoneName.formatToParts(moment).find((part) => part.type === "timeZoneName").value;
  return `${clock.format(moment)} ${zone}`;
}
export function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const local = time.querySelector(".local");
    const moment = new Date(time.dateTime);
    if (!local || time.dataset.shown || Number.isNaN(moment.valueOf())) continue;
    time.dataset.shown = "1";
    time.title = local.textContent;
    local.textContent = localTime(moment);
  }
}

/** "3 hours", from minutes up to days. */
export function age(ms) {
  const minutes = Math.max(0, Math.round(ms / 60000));
  const [count, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 2880 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

// Forms: one submit a click; input survives a refusal.
const KEPT = "augury.form";
const keeps = (form) => [...form.elements].filter((one) => one.name && one.name !== "csrf" && !["password", "hidden", "submit", "button", "file"].includes(one.type));
const formKey = (form) => `${location.pathname} ${form.getAttribute("action") ?? ""}`;
let waiting;
function busy() {
  clearTimeout(waiting);
  waiting = setTimeout(() => page.classList.add("busy"), 150);
}
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent) return event.preventDefault();
  const ask = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (ask && !confirm(ask)) return event.preventDefault();
  form.dataset.sent = "1";
  busy();
  setTimeout(() => form.querySelectorAll("button").forEach((one) => one.setAttribute("aria-disabled", "true")));
  if (form.method !== "post") return undefined;
  const values = keeps(form).map((one) => [one.name, one.type === "checkbox" || one.type === "radio" ? `${one.value}:${one.checked}` : one.value]);
  sessionStorage.setItem(KEPT, JSON.stringify({ form: formKey(form), values }));
  if ("signOut" in form.dataset && "caches" in window) caches.delete("augury-pages");
  return undefined;
});
addEventListener("pageshow", () => {
  clearTimeout(waiting);
  page.classList.remove("busy");
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((one) => one.removeAttribute("aria-disabled"));
  }
});
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin || link.hash) return;
  busy();
});
function restoreInput() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (document.querySelector("[data-refused]")) {
    if (kept) sessionStorage.setItem(KEPT, JSON.stringify({ ...kept, refused: true }));
    return;
  }
  if (location.pathname === "/sign-in") return;
  const form = kept?.refused && [...document.forms].find((one) => formKey(one) === kept.form);
  if (form) {
    keeps(form).forEach((one) => {
      for (const [name, value] of kept.values.filter(([name]) => name === one.name)) {
        if (one.type !== "checkbox" && one.type !== "radio") one.value = value;
        else if (value.startsWith(`${one.value}:`)) one.checked = value.endsWith(":true");
      }
    });
  }
  sessionStorage.removeItem(KEPT);
}

// The installed app: what was seen last stays readable without a network, and says how old it is.
function offline(keptAt) {
  const kept = new Date(keptAt);
  const said = keptAt ? `as of ${clock.format(kept).slice(11)}, ${age(Date.now() - kept)} old` : "what is shown may be old";
  banner("offline", `Offline: ${said}. Actions wait until you are back.`, ["Try again", back]);
  for (const button of document.querySelectorAll('form[method="post"]:not([data-watch]) button, [data-acts]')) {
    button.disabled = true;
    button.title = "Offline: this needs the service";
  }
}
async function back() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (fresh.documentElement.dataset.keptAt) return;
  document.querySelector("main").replaceChildren(...fresh.querySelector("main").childNodes);
  document.querySelectorAll('form[method="post"] button:disabled').forEach((one) => { one.disabled = false; one.removeAttribute("title"); });
  delete page.dataset.keptAt;
  unsay("offline");
  showTimes(document);
}
addEventListener("online", back);
addEventListener("offline", () => offline(page.dataset.keptAt ?? new Date().toISOString()));

// htmx tells what went wrong; people get a sentence.
document.addEventListener("htmx:response:error", (event) => {
  const answer = event.detail?.ctx?.response;
  const said = trouble(answer?.status ?? 500, answer?.headers?.get?.("retry-after"));
  banner("trouble", said, answer?.status === 401 ? ["Sign in", () => location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`)] : undefined);
});
document.addEventListener("htmx:error", () => banner("trouble", "The service cannot be reached. Try again in a moment."));
document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('meta[name="csrf"]')?.content;
  if (token) event.detail.ctx.request.headers["x-csrf-token"] = token;
});
document.addEventListener("htmx:after:swap", () => showTimes(document));

// A word of the glossary: its sentence by mouse, keyboard and finger; Escape puts it away.
const tip = Object.assign(document.createElement("div"), { className: "tip", id: "tip", hidden: true });
tip.setAttribute("role", "tooltip");
document.body.append(tip);
function showTip(word) {
  tip.textContent = word.dataset.tip;
  tip.hidden = false;
  word.setAttribute("aria-describedby", "tip");
  const at = word.getBoundingClientRect();
  const below = at.bottom + tip.offsetHeight + 12 < innerHeight;
  tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${below ? at.bottom + 6 : at.top - tip.offsetHeight - 6}px`;
}
function hideTip() {
  tip.hidden = true;
  document.querySelector('[aria-describedby="tip"]')?.removeAttribute("aria-describedby");
}
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => { const word = event.target.closest?.("[data-tip]"); if (word) showTip(word); else if (kind === "focusin") hideTip(); });
}
document.addEventListener("pointerout", (event) => { if (event.pointerType === "mouse" && event.target.closest?.("[data-tip]")) hideTip(); });
document.addEventListener("click", (event) => {
  const word = event.target.closest?.("[data-tip]");
  if (!word) return hideTip();
  event.preventDefault();
  return showTip(word);
});
addEventListener("scroll", hideTip, { passive: true, capture: true });

// The "More" sheet closes as menus do.
const more = document.querySelector(".thumb details");
document.addEventListener("click", (event) => { if (more?.open && !more.contains(event.target)) more.open = false; });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  hideTip();
  if (more?.open) { more.open = false; more.querySelector("summary").focus(); }
});

// Copy buttons, "back" on pages that say no, a countdown where the service asked for patience.
document.addEventListener("click", async (event) => {
  const copy = event.target.closest?.("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
  }
  if (event.target.closest?.("[data-back]")) history.back();
});
for (const wait of document.querySelectorAll("[data-wait]")) {
  let left = Number(wait.dataset.wait);
  const ticking = setInterval(() => {
    left -= 1;
    wait.textContent = left > 0 ? `Try again in ${left} s.` : "You can try again now.";
    if (left <= 0) clearInterval(ticking);
  }, 1000);
}
for (const one of document.querySelectorAll("[data-needs-script]")) one.hidden = false;

const phone = /iphone|ipad|ipod/i.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
const help = document.querySelector("[data-install-ios]");
if (help && phone && !navigator.standalone) help.hidden = false;
const install = document.querySelector("[data-install]");
addEventListener("beforeinstallprompt", (event) => {
  if (!install) return;
  event.preventDefault();
  install.hidden = false;
  install.addEventListener("click", () => event.prompt(), { once: true });
});

showTimes(document);
restoreInput();
if (page.dataset.keptAt) offline(page.dataset.keptAt);
else if (!navigator.onLine) offline();
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/service-worker.js", { scope: "/" });
