"""The page of figures, written from the answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def page(found: dict[str, Any]) -> str:
    """Return the Markdown of ``docs/benchmarks.md``."""
    run = found["run"]
    parts = [
        "# Benchmarks\n",
        "Written by the command below; no figure here was typed in, but for the published ones, which are marked.",
        "A figure stands beside its baseline, its rows and its 95 % interval (days drawn again in blocks).",
        "What did not work is here too.\n",
        _table(("", ""), [("command", f"`{run['command']}`"), ("date", run["date"]), ("machine", run["machine"]),
                          ("libraries", run["libraries"]), ("size", run["size"]), ("took", f"{run['seconds']:.0f} s")]),
        _movement(found["movement"]) if "movement" in found else "",
        *([_panels(found["panels"])] if found.get("panels") else []),
        _bands(found["bands"]) if "bands" in found else "",
        _commands(found["commands"]) if found.get("commands") else "",
    ]  # fmt: skip
    return "\n".join(part for part in parts if part) + "\n"


def _movement(found: Row) -> str:
    rows = [_movement_row(one) for one in found["rows"]]
    tried = [one for one in found["rows"] if "n" in one and one["features"]]
    best = max(tried, key=lambda one: one["mcc"])
    zero = "excludes" if best["mcc_interval"] and best["mcc_interval"][0] > 0 else "includes"
    head = ("model", "accuracy", "95 %", "by seed", "MCC", "95 %", "by seed", "n")
    return (
        "\n## Stock movement, 88 US stocks\n\n"
        "Up when the next adjusted close is 0.55 % higher or more, down when 0.5 % lower or more, the rest left out.\n"
        f"Train 2014-01 to 2015-07 ({found['n_train']} movements), rounds chosen on 2015-08 and 09 ({found['n_dev']}), "
        f"scored once on 2015-10 to 12\n({found['n_test']}). An answer is up when its probability is above the middle "
        "of the train rows. Data: yumoxu/stocknet-dataset (MIT).\n"
        "Published rows: Feng et al. (2019), each one run on the same test quarter, no interval given.\n\n"
        + _table(head, rows)
        + f"\n\nThe highest MCC here, {best['mcc']:.4f} of '{best['model']}', has an interval that {zero} 0;"
        + f" it is the best of {len(tried)} models on one test quarter, which that interval does not correct for."
    )


def _movement_row(one: Row) -> tuple[Any, ...]:
    accuracy = (_share(one["accuracy"]), _ends(one.get("accuracy_interval")), _seeds(one.get("accuracy_seeds")))
    mcc = (_coefficient(one["mcc"]), _ends(one.get("mcc_interval")), _seeds(one.get("mcc_seeds")))
    return (one["model"], *accuracy, *mcc, one.get("n", ""))


PANELS_TEXT = """
## Daily panels

Bought one close after the score and held for the horizon; gross. Walk-forward by calendar year: train rows whose
outcome ends in the scored year or later are purged. All fitted models learn the same-day z-score of the forward
return from same-day z-scores of their features; settings are fixed, one seed, none was tuned on these figures.
`difference` is the mean daily RankIC less that of the untuned boosting on the same days. `turnover` is the share of
the decile book replaced each horizon, `break-even` the cost per side in basis points that eats its spread. The noise
floor is one standard error of a score that knows nothing if names were independent; they are not. `luck` is the RankIC
the best of all models and horizons tried on the panel would show without skill, `DSR` the probability that the figure
is better than that; below 0.95 it is not.
"""
PANEL_HEAD = (
    "horizon", "model", "RankIC", "95 %", "luck", "DSR", "ICIR", "t", "noise floor", "difference, 95 %", "turnover",
    "break-even", "days x names",
)  # fmt: skip


def _panels(panels: Sequence[Row]) -> str:
    return PANELS_TEXT + "".join(_panel(one) for one in panels)


def _panel(one: Row) -> str:
    survivors = "today's list, no record of who belonged when: its level is flattered by survivorship"
    mask = "rows count only while the symbol was in the S&P 500" if one["masked"] else survivors
    widths = ", ".join(f"{key} {width}" for key, width in one["widths"].items())
    absent = "" if "alpha158" in one["widths"] else "\nAlpha158: null, pyqlib is not installed (`make bench-peers`).\n"
    return (
        f"\n### {one['panel']}\n\n{one['symbols']} symbols ({mask}). Fitted on every "
        f"{one['train_days_every']}th day of the past, scored on every day.\nFeatures: {widths}. "
        f"{one['trials']} trials: every model at every horizon.\n\n"
        + _table(PANEL_HEAD, [_panel_row(row) for row in one["rows"]])
        + f"\n{absent}"
    )


def _panel_row(row: Row) -> tuple[Any, ...]:
    figure = row["figures"]["rank_ic"]
    gap = row["difference"]
    luck = row["luck"]
    dsr = "undefined" if luck["dsr"] is None else f"{luck['dsr']:.2f}"
    against = "" if gap is None else f"{gap['value']:+.4f} [{gap['low']:+.4f}, {gap['high']:+.4f}]"
    return (
        row["horizon"], row["model"], _coefficient(figure["mean"]), _ends((figure["low"], figure["high"])),
        f"{luck['luck']:.4f}", dsr,
        f"{figure['ratio']:.3f}", f"{figure['t']:.2f}", f"{figure['floor']:.4f}", against, f"{row['turnover']:.2f}",
        f"{row['break_even_bps']:.1f}", f"{figure['days']} x {row['names']:.0f}",
    )  # fmt: skip


def _bands(rows: Sequence[Row]) -> str:
    first = rows[0]
    table = [
        (row["horizon"], f"{row['level']:.0%}", row["kind"], _share(row["coverage"]), _ends(row["interval"]), row["n"],
         _share(row["coverage_2008"]), row["n_2008"], f"{row['width']:.4f}")
        for row in rows
    ]  # fmt: skip
    head = ("horizon", "promised", "band", "inside", "95 %", "n", "inside in 2008", "n", "mean width")
    return (
        f"\n## Bands, S&P 500 {first['from']}-{first['to']}\n\n"
        "Each band is made from the last 1,000 outcomes known at the time, anew every 21 sessions, around 0.\n"
        "Bundled data (package arch).\n\n" + _table(head, table)
    )


def _commands(rows: Sequence[Row]) -> str:
    table = [
        (f"`{row['command']}`", row["exit"], ", ".join(f"{k} {v}" for k, v in row["facts"].items())) for row in rows
    ]
    return "\n## Audit, parity, reproduction\n\n" + _table(("command", "exit", "said"), table)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _share(value: float) -> str:
    return f"{value:.4f}"


def _coefficient(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"


def _ends(ends: Sequence[float | None] | None) -> str:
    return "" if ends is None or ends[0] is None else f"[{ends[0]:.4f}, {ends[1]:.4f}]"


def _seeds(values: Sequence[float] | None) -> str:
    return "" if values is None or len(values) < 2 else " ".join(f"{value:.4f}" for value in values)
