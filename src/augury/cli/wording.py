"""How scores and forecasts are put into a line of eighty columns; the same words for every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from augury.core.forecast import Forecast
    from augury.core.score import Score
    from augury.core.typing import Json
    from augury.core.version import VersionManifest
    from augury.proof.selection import Deflated


def skill_of(manifest: VersionManifest | None) -> Score | None:
    """The accuracy over the best baseline on the report slice: the one slice that may be quoted."""
    scores = manifest.scores if manifest else ()
    return next((score for score in scores if (score.name, score.slice) == ("accuracy_skill", "report")), None)


def points(skill: Score | None) -> str:
    """Accuracy points over the best baseline with their 95 % interval and n.

    Examples
    --------
    >>> from augury.core.score import Score
    >>> points(Score("accuracy_skill", 0.02, -0.013, 0.057, 0.0, n=749, n_eff=149.8))
    '+2.0 pt [-1.3, +5.7] n=749'
    """
    if skill is None:
        return "-"
    if not skill.sufficient or skill.low is None or skill.high is None:
        return skill.text()
    return f"{skill.value * 100:+.1f} pt [{skill.low * 100:+.1f}, {skill.high * 100:+.1f}] n={skill.n}"


def told(score: Score, deflated: Mapping[str, Deflated | None]) -> str:
    """One score as text; a coefficient that is selected on stands beside what luck would show.

    Examples
    --------
    >>> from augury.core.score import Score
    >>> from augury.proof.selection import Deflated
    >>> ic = Score("rank_ic", 0.02, -0.01, 0.05, 0.0, n=749, n_eff=149.8)
    >>> told(ic, {"rank_ic": Deflated("rank_ic", 0.02, 0.041, 0.21, None, 12, 150)})
    '0.020 [-0.010, 0.050] vs 0.000, n=749; best of 12 trials by luck 0.0410, DSR 0.21, PBO undefined'
    >>> told(ic, {"rank_ic": None})
    '0.020 [-0.010, 0.050] vs 0.000, n=749; deflated value undefined'
    """
    if score.name not in deflated or not score.sufficient:
        return score.text()
    one = deflated[score.name]
    return f"{score.text()}; {one.beside() if one else 'deflated value undefined'}"


def score_facts(score: Score, deflated: Mapping[str, Deflated | None]) -> Json:
    """One score as data, with ``deflated`` beside a coefficient that is selected on."""
    if score.name not in deflated:
        return score.to_json()
    one = deflated[score.name]
    return score.to_json() | {"deflated": one.to_json() if one else None}


def shares(row: Forecast | None) -> str:
    """Bearish, neutral and bullish probability in per cent."""
    return " ".join(f"{p:4.0%}" for p in row.probabilities) if row else "-"


def band(row: Forecast | None) -> str:
    """The 80 % band of the return."""
    return "{:+.1%} .. {:+.1%}".format(*row.band(80)) if row else "-"


def as_row(row: Forecast) -> dict[str, Any]:
    """One forecast as data: every field, and the hash of what was said."""
    return {**row.to_json(), "forecast_hash": row.content_hash}


def brief(row: Forecast) -> dict[str, Any]:
    """One forecast as a line for people; an abstaining one says so in place of a direction."""
    flags = set(row.flags)
    return {
        "cell": f"{row.symbol} {row.timeframe} {row.horizon}",
        "label": "abstains" if "abstain" in flags else row.label,
        "bear neut bull": shares(row),
        "expected": f"{row.expected_return:+.1%}",
        "80 % band": band(row),
        "until": f"{row.matures_at:%Y-%m-%d}",
        "flags": " ".join(sorted(flags - {"abstain"})),
    }
