"""A symbol's sector: what the others in it did, and how the symbol stands against them.

The inputs are columns of ``features.sectors.sector_beside``: leave-one-out medians by date, null
below three members.
"""

from augury.features.family import Family, Feature
from augury.features.language import Term, close, column, lag, sd, sqrt, zscore


def sector_return(n: int) -> Term:
    """Median return of the sector's other members over the last ``n`` sessions."""
    return column(f"sector_median_{n}")


FAMILY = Family(
    name="sector",
    source="medians over the sector as of the day, the symbol itself left out; at least three members",
    features=(
        *(Feature(f"sector_ret_{n}", n + 1, sector_return(n)) for n in (1, 5, 20)),
        Feature("sector_momentum", 61, sector_return(60)),
        Feature("sector_vol_20", 21, sd(sector_return(1), 20) * sqrt(column("bars_per_year"))),
        Feature("sector_z_60", 61, zscore(sector_return(1), 60), unit="sd"),
        Feature("sector_members", 1, column("sector_members"), unit="count"),
        *(Feature(f"rel_sector_{n}", n + 1, close / lag(close, n) - 1.0 - sector_return(n)) for n in (1, 5, 20)),
    ),
)
