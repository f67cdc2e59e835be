"""portfolio: forecasts become weights, weights meet the market."""
