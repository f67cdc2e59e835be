// Charts: each <figure class="chart" data-chart="bars"> on the page becomes a picture of its data.
// What it shows stands in the table behind it too; without this file the page says so and stays whole.

import { fanPrimitive } from "./charts-fan.js";
import { barsOf, fanOf, mergedBars, outcomesOf, slotsUntil } from "./charts-data.js";
import { paletteOf } from "./charts-palette.js";

const PAGE = innerWidth < 700 ? 600 : 1500; // a phone shows fewer at once; the rest comes when it is dragged to
const FORECASTS = 400;
const NEAR_EDGE = 60;

for (const figure of document.querySelectorAll('figure[data-chart="bars"]')) begin(figure);

async function begin(figure) {
  face(figure, "loading");
  try {
    const [vendor, bars, forecasts] = await Promise.all([
      import("../vendor/lightweight-charts.mjs"),
      ask(figure.dataset.src, { limit: PAGE }),
      ask(figure.dataset.forecasts, { limit: FORECASTS }),
    ]);
    if (!bars.bars.length) return face(figure, "empty");
    face(figure, "ready");
    draw(figure, vendor, bars, forecasts.forecasts);
  } catch (error) {
    figure.querySelector("[data-face=error] [data-reason]").textContent = error.message;
    const again = figure.querySelector("[data-face=error] button");
    again.onclick = () => begin(figure);
    face(figure, "error");
  }
  return undefined;
}

async function ask(address, more) {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  const answer = await fetch(url, { headers: { accept: "application/json" } });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.detail ?? `the service answered ${answer.status}`);
  return said;
}

function face(figure, name) {
  figure.dataset.state = name;
  for (const one of figure.querySelectorAll("[data-face]")) one.hidden = one.dataset.face !== name;
  for (const button of figure.querySelectorAll("[data-tools] button")) button.disabled = name !== "ready";
  figure.setAttribute("aria-busy", String(name === "loading"));
}

function draw(figure, vendor, page, forecasts) {
  const place = figure.querySelector("[data-face=ready]");
  place.replaceChildren();
  const chart = vendor.createChart(place, options(vendor, figure));
  const candles = chart.addSeries(vendor.CandlestickSeries, {});
  const state = { bars: barsOf(page.bars), next: page.next, ahead: 0, asking: false };
  const fan = fanPrimitive(() => fanOf(state.bars, forecasts), () => paletteOf(figure));
  const markers = vendor.createSeriesMarkers(candles, []);
  candles.attachPrimitive(fan);

  const show = () => {
    const palette = paletteOf(figure);
    const slots = slotsUntil(state.bars, forecasts, figure.dataset.timeframe);
    state.ahead = slots.length;
    candles.applyOptions(palette.candles);
    candles.setData([...state.bars, ...slots]);
    markers.setMarkers(outcomesOf(state.bars, forecasts, palette));
  };
  show();
  latest(chart, state);
  chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    if (range && range.from < NEAR_EDGE) earlier(figure, state, show);
  });
  chart.subscribeCrosshairMove((at) => tell(figure, at.seriesData.get(candles), at.time));
  tools(figure, place, chart, () => latest(chart, state));
  const repaint = () => { chart.applyOptions(options(vendor, figure)); show(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

function options(vendor, figure) {
  const palette = paletteOf(figure);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    autoSize: true,
    // The logo of the library brings a style of its own, which our policy forbids; the caption names it.
    layout: { ...palette.layout, attributionLogo: false },
    grid: palette.grid,
    rightPriceScale: { borderColor: palette.line },
    timeScale: { borderColor: palette.line, timeVisible: !["d1", "w1"].includes(figure.dataset.timeframe) },
    kineticScroll: { mouse: false, touch: !still },
    handleScroll: { vertTouchDrag: false },
    crosshair: { mode: vendor.CrosshairMode.Normal },
  };
}

async function earlier(figure, state, show) {
  if (state.asking || !state.next) return;
  state.asking = true;
  try {
    const page = await ask(figure.dataset.src, { limit: PAGE, cursor: state.next });
    state.next = page.next;
    state.bars = mergedBars(barsOf(page.bars), state.bars);
    show();
  } catch {
    state.next = null;
  } finally {
    state.asking = false;
  }
}

function latest(chart, { bars, ahead }) {
  const seen = Math.max(40, Math.min(120, chart.timeScale().width() / 8));
  chart.timeScale().setVisibleLogicalRange({ from: bars.length - seen, to: bars.length + Math.min(ahead + 3, seen) });
}

function tell(figure, bar, time) {
  const said = figure.querySelector("[data-said]");
  if (!bar || bar.open === undefined) return;
  const day = new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ");
  said.textContent = `${day} UTC · open ${bar.open} · high ${bar.high} · low ${bar.low} · close ${bar.close}`;
}

function tools(figure, place, chart, home) {
  const scale = chart.timeScale();
  const move = (zoom, shift) => {
    const range = scale.getVisibleLogicalRange();
    if (!range) return;
    const half = ((range.to - range.from) / 2) * zoom;
    const middle = (range.from + range.to) / 2 + (range.to - range.from) * shift;
    scale.setVisibleLogicalRange({ from: middle - half, to: middle + half });
  };
  const acts = {
    in: () => move(0.7, 0), out: () => move(1 / 0.7, 0), earlier: () => move(1, -0.3), later: () => move(1, 0.3),
    latest: home,
  };
  for (const button of figure.querySelectorAll("[data-tools] [data-act]")) button.onclick = acts[button.dataset.act];
  const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "earlier", ArrowRight: "later", Home: "latest" };
  place.tabIndex = 0;
  place.onkeydown = (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    acts[act]();
  };
}
