"""The compiled part of the backtest: the day loop of the cash ledger.

ledger.c      borrow, delisting, fills, marks; one account over all symbols
library.py    the shared library, built by core/native.py when Augury is installed
"""
