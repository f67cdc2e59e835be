// From answers of the API to what the chart draws; nothing here touches the page.

const STEP_S = { m1: 60, m5: 300, m15: 900, h1: 3600, h4: 14400, d1: 86400, w1: 604800 };
const SLOTS_MAX = 260;
const SIGNS_MAX = 60;
const MARKS = {
  FULL_HIT: ["✓", "circle", "hit"], DIRECTIONAL_HIT: ["✓", "circle", "hit"],
  DIRECTIONAL_ONLY: ["~", "circle", "half"], MISS: ["✕", "square", "miss"],
};

const ABSTAINED = ["", "circle", "still"];

/** Seconds of an RFC 3339 moment. */
export const seconds = (moment) => Math.floor(Date.parse(moment) / 1000);

/** Bars of an answer as candles, oldest first. */
export function barsOf(rows) {
  const made = rows.map((row) => ({
    // Where a source gives closes only, a bar is a line at its close.
    time: seconds(row.time), open: row.open ?? row.close, high: row.high ?? row.close, low: row.low ?? row.close,
    close: row.close,
  }));
  return made.sort((a, b) => a.time - b.time);
}

/** Put an earlier page before what is there; a bar that is in both counts once. */
export function mergedBars(earlier, later) {
  const first = later.length ? later[0].time : Infinity;
  return [...earlier.filter((bar) => bar.time < first), ...later];
}

/** The last bar that opened before a moment; undefined before the first. */
export function barBefore(bars, moment) {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars[middle].time < moment) low = middle + 1;
    else high = middle;
  }
  return bars[low - 1];
}

/** Empty places after the last bar, so that what is forecast has somewhere to lie. */
export function slotsUntil(bars, forecasts, timeframe) {
  const last = bars.at(-1)?.time;
  const end = Math.max(0, ...forecasts.map((row) => seconds(row.matures_at)));
  const step = STEP_S[timeframe] ?? 86400;
  const slots = [];
  for (let time = last + step; time < end && slots.length < SLOTS_MAX; time += step) {
    const day = new Date(time * 1000).getUTCDay();
    if (timeframe !== "d1" || (day !== 0 && day !== 6)) slots.push({ time });
  }
  return slots;
}

/** The newest forecast of each horizon from one bar: where it starts, and its bands at each horizon. */
export function fanOf(bars, forecasts) {
  if (!forecasts.length || !bars.length) return null;
  const until = forecasts.map((row) => row.data_until).sort().at(-1);
  const newest = new Map();
  for (const row of forecasts) {
    if (row.data_until === until && !newest.has(row.horizon)) newest.set(row.horizon, row);
  }
  const rows = [...newest.values()].sort((a, b) => seconds(a.matures_at) - seconds(b.matures_at));
  const from = barBefore(bars, seconds(until));
  if (!from) return null;
  const price = rows[0].current_price;
  const steps = rows.map((row) => ({
    time: seconds(row.matures_at),
    median: row.current_price * (1 + row.quantiles.q50),
    bands: Object.fromEntries(
      row.bands.map((band) => [band.level, [row.current_price * (1 + band.low), row.current_price * (1 + band.high)]]),
    ),
  }));
  return { from: { time: from.time, price }, steps };
}

/** Past forecasts as marks on the bar that decided them: a shape and a colour, and a sign while there is room. */
export function outcomesOf(bars, forecasts, palette) {
  const marks = new Map();
  for (const row of forecasts) {
    const bar = barBefore(bars, seconds(row.matures_at));
    // One that named no direction was neither right nor wrong about it.
    const known = row.outcome && (row.flags.includes("abstain") ? ABSTAINED : MARKS[row.outcome.outcome]);
    if (!bar || !known) continue;
    const [sign, shape, kind] = known;
    const up = row.label !== "BEARISH";
    // Horizons that came to the same on one bar are one mark there.
    marks.set(`${bar.time} ${up} ${kind}`, {
      time: bar.time, position: up ? "belowBar" : "aboveBar", shape, color: palette.outcome[kind],
      text: sign, size: 0.6,
    });
  }
  const shown = [...marks.values()].sort((a, b) => a.time - b.time);
  if (shown.length > SIGNS_MAX) for (const mark of shown) delete mark.text;
  return shown;
}
