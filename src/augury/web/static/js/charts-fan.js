// The fan: bands of 50, 80 and 95 percent from the last known bar to each horizon, drawn below the candles.

const LEVELS = [95, 80, 50];

/** A primitive of the candle series that draws what `fanNow` returns. */
export function fanPrimitive(fanNow, paletteNow) {
  let chart;
  let series;
  const view = {
    zOrder: () => "bottom",
    renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace(({ context }) => paint(context)) }),
  };

  function paint(context) {
    const fan = fanNow();
    if (!fan || !series) return;
    const x = xOf(chart.timeScale());
    const y = (price) => series.priceToCoordinate(price);
    const start = [x(fan.from.time), y(fan.from.price)];
    const steps = fan.steps.map((step) => ({ ...step, x: x(step.time) })).filter((step) => step.x !== null);
    if (start[0] === null || start[1] === null || !steps.length) return;
    const palette = paletteNow();
    for (const level of LEVELS) {
      const upper = steps.map((step) => [step.x, y(step.bands[level][1])]);
      const lower = steps.map((step) => [step.x, y(step.bands[level][0])]);
      outline(context, [start, ...upper, ...lower.reverse()], palette.fan[level]);
    }
    line(context, [start, ...steps.map((step) => [step.x, y(step.median)])], palette.median);
  }

  return {
    attached: (given) => ({ chart, series } = given),
    detached: () => { series = undefined; },
    paneViews: () => [view],
    // The price axis leaves room for the whole fan while its start is in sight.
    autoscaleInfo: (from, to) => {
      const fan = fanNow();
      const at = fan && chart?.timeScale().timeToIndex(fan.from.time, true);
      if (!fan || at === null || at < from || at > to + 1) return null;
      const ends = fan.steps.flatMap((step) => step.bands[95]);
      return { priceRange: { minValue: Math.min(...ends), maxValue: Math.max(...ends) } };
    },
  };
}

/** Places between two bars of the scale: horizons end at closes, the scale knows openings. */
function xOf(scale) {
  return (time) => {
    const index = scale.timeToIndex(time, true);
    return index === null ? null : scale.logicalToCoordinate(index);
  };
}

function outline(context, points, colour) {
  trace(context, points);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
}

function line(context, points, colour) {
  trace(context, points);
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.setLineDash([5, 4]);
  context.stroke();
  context.setLineDash([]);
}

function trace(context, points) {
  context.beginPath();
  points.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
}
