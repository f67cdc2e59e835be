"""Buy, sell or hold: two classifiers of one question each, calibrated, with limits of their own.

model         :class:`SignalModel`, from bars to rows to answers: what ``augury train --model signals`` keeps
classifier    :class:`SignalClassifier`, what is fitted, asked and kept
slices        four slices in the order of time: fit, stop, calibrate, choose
calibration   a score becomes a frequency, by steps or by a curve, and a frequency a word
bodies/       what scores the rows; one file a body, each defines ``BODY``
"""

from augury.models.signals.classifier import SignalClassifier
from augury.models.signals.model import SignalModel
from augury.models.signals.slices import SignalSlices

__all__ = ["SignalClassifier", "SignalModel", "SignalSlices"]
