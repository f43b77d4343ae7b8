"""What icetui must reach, measured in the lab: `python -m tests.bench.goals [CASE …]`."""
