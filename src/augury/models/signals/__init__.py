"""Buy, sell or hold: two classifiers of one question each, calibrated, with limits of their own.

classifier    :class:`SignalClassifier`, what is fitted, asked and kept
slices        four slices in the order of time: fit, stop, calibrate, choose
calibration   a score becomes a frequency, by steps or by a curve
limits        from which probability on it is said
bodies/       what scores the rows; one file a body, each defines ``BODY``
"""

from augury.models.signals.classifier import SignalClassifier
from augury.models.signals.slices import SignalSlices

__all__ = ["SignalClassifier", "SignalSlices"]
