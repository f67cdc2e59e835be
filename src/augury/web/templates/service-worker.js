// The service worker: fresh pages first; without a network the last ones, with the moment they were kept.
// Pages of one person are forgotten when somebody signs in or out.
const SHELL = "augury-shell-{{ version }}";
const PAGES = "augury-pages";
const FILES = {{ files | tojson }};
const PRIVATE = /^\/(sign-in|sign-out|welcome|settings|developer|offline|service-worker|search)/;
const KEPT_MAX = 40;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== SHELL && name !== PAGES).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});
self.addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(caches.delete(PAGES));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method === "POST" && /^\/sign-(in|out)$/.test(url.pathname)) event.waitUntil(caches.delete(PAGES));
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/~")) event.respondWith(kept(request));
  else if (request.mode === "navigate" && !url.searchParams.has("csv")) event.respondWith(visit(event, url));
});

async function kept(request) {
  const known = await caches.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(SHELL)).put(request, answer.clone()); // scripts of pages that are read later
  return answer;
}

async function visit(event, url) {
  try {
    const answer = await fetch(event.request);
    const page = answer.ok && !answer.redirected && (answer.headers.get("content-type") ?? "").includes("text/html");
    if (page && !PRIVATE.test(url.pathname)) event.waitUntil(keep(event.request.url, answer.clone()));
    return answer;
  } catch {
    const last = await (await caches.open(PAGES)).match(event.request.url);
    return last ?? (await caches.match("/offline")) ?? Response.error();
  }
}

async function keep(address, answer) {
  const headers = new Headers(answer.headers);
  for (const name of ["content-encoding", "content-length", "set-cookie", "vary"]) headers.delete(name);
  const at = new Date().toISOString();
  const text = (await answer.text()).replace("<html ", `<html data-kept-at="${at}" `);
  const cache = await caches.open(PAGES);
  await cache.delete(address);
  await cache.put(address, new Response(text, { status: 200, headers }));
  const all = await cache.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - KEPT_MAX)).map((request) => cache.delete(request)));
}
