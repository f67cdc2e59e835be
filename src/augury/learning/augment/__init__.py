"""Changes to training batches that keep their meaning; off means bit-equal."""
