"""The LSTM on the returns of one series: ``unavailable`` without PyTorch or under 1,000 bars."""

from augury.models.deep.returns_lstm import ReturnsLstm

MEMBER = ReturnsLstm
