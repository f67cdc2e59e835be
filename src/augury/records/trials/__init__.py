"""What was tried and what is sealed: trials, holdouts, backtests that were kept."""
