"""Benchmarks: `python -m bench` prints one table, `python -m pytest bench --benchmark-only` runs the same drivers."""
