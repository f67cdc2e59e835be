"""Members become one forecast: weights, calibration, bands."""
