"""What the symbols that move with a symbol did on the same day.

The inputs are columns of ``features.peers.peer_beside``, read through the correlation graph of the day.
"""

from augury.features.family import Family, Feature
from augury.features.language import column

FAMILY = Family(
    name="peers",
    source="neighbours in the correlation graph of the last 60 sessions, refreshed every five",
    features=(
        Feature("peer_ret_1", 41, column("peer_mean_1")),
        Feature("peer_var_1", 41, column("peer_variance_1"), unit="ratio"),
        Feature("peer_count", 41, column("peer_count"), unit="count"),
        Feature("peer_corr", 41, column("peer_correlation"), unit="ratio"),
    ),
)
