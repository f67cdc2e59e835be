"""The network of the cross-section with graph, FAN and SAN."""

from augury.runs.tuning.model_families._panels import PanelFamily
from augury.runs.tuning.space import Choice, Real, Whole

FAMILY = PanelFamily(
    "atft_gat_fan",
    {
        "learning_rate": Real(1e-5, 1e-3, log=True),
        "hidden": Choice((32, 64, 128)),
        "graph_layers": Whole(1, 4),
        "graph_dropout": Real(0.1, 0.4),
        "optimizer": Choice(("adamw", "adabelief")),
        "schedule": Choice(("plateau", "cosine", "cosine_restarts")),
        "days_per_batch": Choice((1, 2, 4)),
        "rank_weight": Choice((0.0, 0.05, 0.1, 0.2)),
    },
)
