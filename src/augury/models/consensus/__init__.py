"""consensus: what several timeframes say together about one future.

``durations`` says which horizons are the same stretch of trading time, ``handoff`` how well two neighbouring
timeframes pass a forecast on, ``effective`` how many independent voices there are, ``agreement`` puts them into
one :class:`Consensus`, ``quality`` says what a forecast is worth by now, and ``ladder`` where the levels lie.
"""

from augury.models.consensus.agreement import agree
from augury.models.consensus.durations import matches, trading_minutes
from augury.models.consensus.effective import effective_sources
from augury.models.consensus.handoff import handoff_confidence
from augury.models.consensus.ladder import Ladder, ladder
from augury.models.consensus.quality import Quality, quality
from augury.models.consensus.voices import Consensus, Source, Voice

__all__ = [
    "Consensus",
    "Ladder",
    "Quality",
    "Source",
    "Voice",
    "agree",
    "effective_sources",
    "handoff_confidence",
    "ladder",
    "matches",
    "quality",
    "trading_minutes",
]
