"""What the loop remembers: jobs, due times, drift, alerts, switches, the journal."""
