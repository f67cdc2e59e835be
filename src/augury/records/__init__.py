"""records: what is remembered. Tables, ledger, artifacts, migrations. Holds no rule of the market."""
