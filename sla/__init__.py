"""Service level agreements, judged. `evaluate` is pure; `probes` does the I/O."""
