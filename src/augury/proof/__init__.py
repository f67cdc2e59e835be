"""proof: is it true? Gates, significance and reports. Trains nothing itself."""
