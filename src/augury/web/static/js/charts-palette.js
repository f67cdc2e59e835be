// Colours of charts, read from the tokens of the page: one place for light and dark.

/** What each part of a chart is painted with now. */
export function paletteOf(figure) {
  const style = getComputedStyle(figure);
  const token = (name) => style.getPropertyValue(name).trim();
  const [good, bad, warn, accent] = ["--good", "--bad", "--warn", "--accent"].map(token);
  const line = token("--line");
  return {
    line,
    layout: {
      background: { type: "solid", color: token("--paper") }, textColor: token("--ink-soft"),
      fontFamily: style.fontFamily, fontSize: 12,
    },
    grid: { vertLines: { color: faint(line, 0.4) }, horzLines: { color: faint(line, 0.4) } },
    candles: {
      upColor: good, wickUpColor: good, borderUpColor: good,
      // Falling bars are hollow: the direction is a shape too.
      downColor: token("--paper"), wickDownColor: bad, borderDownColor: bad,
    },
    outcome: { hit: good, half: warn, miss: bad, still: faint(token("--still"), 0.6) },
    fan: { 50: faint(accent, 0.32), 80: faint(accent, 0.2), 95: faint(accent, 0.12) },
    median: accent,
  };
}

function faint(hex, share) {
  const alpha = Math.round(share * 255).toString(16).padStart(2, "0");
  return /^#[0-9a-f]{6}$/i.test(hex) ? `${hex}${alpha}` : hex;
}
