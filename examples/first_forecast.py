"""From bundled bars to a ledgered forecast in Python, in a folder of its own.

python examples/first_forecast.py
"""

from __future__ import annotations

import tempfile

from augury import forecast, train_ensemble_for_symbol_timeframe

with tempfile.TemporaryDirectory() as folder:
    outcomes = train_ensemble_for_symbol_timeframe("^GSPC", "d1", horizons=["5d"], recipe="demo", data_dir=folder)
    for outcome in outcomes:
        assert outcome.manifest is not None, outcome.error
        print(outcome.cell, outcome.manifest.verdict.word)
        for score in outcome.manifest.scores:
            if score.slice == "report":
                print(f"  {score.name:18} {score.text()}")
    for row in forecast(["^GSPC"], ["d1"], horizons=["5d"], data_dir=folder):
        low, high = row.band(80)
        print(f"{row.label}, 80 % band {low:+.1%} .. {high:+.1%} until {row.matures_at:%Y-%m-%d}, flags {row.flags}")
