// The offline page: the forecasts of the last overview that was seen, and how old they are.
import { age, showTimes } from "./shell.js";

const place = document.getElementById("kept");
const pages = await caches.open("augury-pages");
const overview = await pages.match("/");
const seen = overview && new DOMParser().parseFromString(await overview.text(), "text/html");
const forecasts = seen?.querySelector("section.table:has(#table-forecasts)");
if (forecasts) {
  const at = new Date(seen.documentElement.dataset.keptAt);
  const said = document.createElement("p");
  said.className = "quiet";
  said.textContent = `The last forecasts that were read here, as of ${at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}, ${age(Date.now() - at)} old.`;
  forecasts.querySelectorAll(".tools").forEach((one) => one.remove());
  place.replaceChildren(said, forecasts);
  showTimes(place);
}
const addresses = (await pages.keys()).map((request) => new URL(request.url)).filter((url) => url.origin === location.origin);
const list = document.getElementById("kept-pages");
for (const url of addresses) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: url.pathname + url.search, textContent: url.pathname + url.search });
  item.append(link);
  list.append(item);
}
list.closest("section").hidden = !addresses.length;
