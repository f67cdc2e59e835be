"""Weight rules. Each file defines ``RULE(predictions, codes) -> Weighed``; nothing shuffles rows."""
