"""Models of whole windows that are no networks, and what is built from the answers of several.

said  = answer_out_of_fold(windows, ["logreg", "rf", "simple_lstm"])   # for rows no model had seen
stack = Stack().fit(said, windows)                                     # a model of models
proof.label_audit.audit(said.proba, windows...)                        # which labels to look at again
"""

from augury.models.windows.names import WINDOW_MODELS, window_model
from augury.models.windows.out_of_fold import WindowAnswers, answer_out_of_fold
from augury.models.windows.stack import Stack

__all__ = ["WINDOW_MODELS", "Stack", "WindowAnswers", "answer_out_of_fold", "window_model"]
