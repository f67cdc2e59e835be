"""Tracking: what was run, with which settings, and what it measured; offline unless asked otherwise.

    with Tracker.init("train", config, folder, data_version=...) as run:
        run.log({"loss": 0.4}, step=0)
        run.finish({"rank_ic": 0.02}, series=daily)
    experiments(folder)                     # what experiment_results.jsonl holds

``sinks/<name>.py`` defines ``SINK``, where a run is told besides: MLflow, Weights & Biases.
"""

from augury.records.tracking.experiments import RESULTS, Experiment, experiment, experiments
from augury.records.tracking.tracker import Tracker

__all__ = ["RESULTS", "Experiment", "Tracker", "experiment", "experiments"]
