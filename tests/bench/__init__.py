"""Measurements, run by hand: `python -m tests.bench.startup`, `… -m tests.bench.first_path`."""
