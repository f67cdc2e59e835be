// Charts: each <figure class="chart" data-chart="bars"> on the page becomes a picture of its data.
// What it shows stands in the table behind it too; without this file the page says so and stays whole.

import { fanPrimitive } from "/static/js/charts-fan.js";
import { barsOf, fanOf, mergedBars, outcomesOf, slotsUntil } from "/static/js/charts-data.js";
import { paletteOf } from "/static/js/charts-palette.js";

const VENDOR = "/static/vendor/lightweight-charts.js";
const PAGE = 2000;
const NEAR_EDGE = 60;

for (const figure of document.querySelectorAll('figure[data-chart="bars"]')) begin(figure);

async function begin(figure) {
  face(figure, "loading");
  try {
    const [vendor, bars, forecasts] = await Promise.all([
      import(VENDOR),
      ask(figure.dataset.src, { limit: PAGE }),
      figure.dataset.forecasts ? ask(figure.dataset.forecasts, {}) : { forecasts: [] },
    ]);
    if (!bars.bars.length) return face(figure, "empty");
    const outcomes = figure.dataset.outcomes ? await ask(figure.dataset.outcomes, {}) : { outcomes: [] };
    face(figure, "ready");
    draw(figure, vendor, bars, forecasts.forecasts, outcomes.outcomes);
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
  figure.querySelector("[data-tools]").hidden = name !== "ready";
  figure.setAttribute("aria-busy", String(name === "loading"));
}

function draw(figure, vendor, page, forecasts, outcomes) {
  const place = figure.querySelector("[data-face=ready]");
  place.replaceChildren();
  const chart = vendor.createChart(place, options(vendor, figure));
  const candles = chart.addSeries(vendor.CandlestickSeries, {});
  const state = { bars: barsOf(page.bars), before: page.next ?? null, asking: false };
  const fan = fanPrimitive(() => fanOf(state.bars, forecasts), () => paletteOf(figure));
  const markers = vendor.createSeriesMarkers(candles, []);
  candles.attachPrimitive(fan);

  const show = () => {
    const palette = paletteOf(figure);
    candles.applyOptions(palette.candles);
    candles.setData([...state.bars, ...slotsUntil(state.bars, forecasts, figure.dataset.timeframe)]);
    markers.setMarkers(outcomesOf(state.bars, outcomes, palette));
  };
  show();
  latest(chart, state.bars.length);
  chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    if (range && range.from < NEAR_EDGE) earlier(figure, state, show);
  });
  chart.subscribeCrosshairMove((at) => tell(figure, at.seriesData.get(candles), at.time));
  tools(figure, place, chart, () => state.bars.length);
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
  if (state.asking || !state.before) return;
  state.asking = true;
  try {
    const page = await ask(figure.dataset.src, { limit: PAGE, before: state.before });
    state.before = page.next ?? null;
    state.bars = mergedBars(barsOf(page.bars), state.bars);
    show();
  } catch {
    state.before = null;
  } finally {
    state.asking = false;
  }
}

function latest(chart, count) {
  const wide = chart.options().width || 600;
  chart.timeScale().setVisibleLogicalRange({ from: count - Math.max(40, Math.min(120, wide / 8)), to: count + 25 });
}

function tell(figure, bar, time) {
  const said = figure.querySelector("[data-said]");
  if (!bar || bar.open === undefined) return;
  const day = new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ");
  said.textContent = `${day} UTC · open ${bar.open} · high ${bar.high} · low ${bar.low} · close ${bar.close}`;
}

function tools(figure, place, chart, count) {
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
    latest: () => latest(chart, count()),
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
