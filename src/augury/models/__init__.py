"""models: features become forecasts. Reads no database and knows no job."""
