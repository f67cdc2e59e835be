"""Other places that runs are told to, one package a file: each defines ``SINK``. All work without a network."""
