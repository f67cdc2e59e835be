"""explain: why a forecast says what it says, and where forecasts go wrong.

attributions.py   what each feature added to a score: sampled Shapley values, a booster's own contributions
importance.py     how much worse it gets when features that move together are shuffled together
rationale.py      at most three sentences, every number of which stands in the table
failures.py       the worst twentieth of the forecasts, and what they have in common
"""
