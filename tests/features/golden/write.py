"""The golden values: what the 123 technical features gave on one kept series, with their versions.

After a formula was changed on purpose and its ``version`` raised:

    python tests/features/golden/write.py

It refuses while a value has moved whose feature still has its old version.
"""

import json
import math
from pathlib import Path

import polars as pl

from augury.core.bars import Bars
from augury.core.timeframe import Timeframe
from augury.features import build, describe

SERIES = Path(__file__).with_name("series.csv")
VALUES = Path(__file__).with_name("values.json")
ROWS = (149, 222, 299)
Values = dict[str, list[float]]


def series() -> tuple[Bars, pl.DataFrame]:
    """The 300 kept bars, and the implied volatility beside them."""
    kinds = [pl.col("ts").cast(pl.Datetime("us", "UTC")), pl.col("volume").cast(pl.Float64)]
    frame = pl.read_csv(SERIES, try_parse_dates=True).with_columns(kinds)
    bars = Bars(frame.drop("implied_volatility"), Timeframe.D1, synthetic=True)
    return bars, frame.select("symbol", "ts", "implied_volatility")


def computed() -> Values:
    """Each technical feature at the kept rows, with nine digits: as many as a float32 has."""
    bars, beside = series()
    frame = build(bars, "technical", beside=beside).frame[ROWS, :]
    return {name: [float(f"{value:.9g}") for value in frame[name]] for name in frame.columns[2:]}


def versions() -> dict[str, int]:
    """The formula version of each technical feature."""
    return {spec.name: spec.version for spec in describe("technical")}


def moved(old: Values, new: Values) -> list[str]:
    """Features of both whose values differ by more than a millionth."""
    return [name for name in new if name in old and not all(map(_equal, old[name], new[name]))]


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)


def main() -> None:
    """Write the values, unless one of them has moved under an old version."""
    kept, values, found = json.loads(VALUES.read_text()), computed(), versions()
    if silent := [name for name in moved(kept["values"], values) if found[name] == kept["versions"][name]]:
        raise SystemExit(f"raise the version of these features first, their values have moved: {silent}")
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
    facts = f'{{"rows": {json.dumps(ROWS)}, "versions": {json.dumps(found)},\n"values": {{\n{rows}\n}}}}\n'
    VALUES.write_text(facts)


if __name__ == "__main__":
    main()
