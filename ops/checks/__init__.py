"""HTTP checks written in YAML: read, run and reported by one engine for `ops smoke` and pytest alike."""
