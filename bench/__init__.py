"""Benchmarks: `python -m bench` prints one table, or with `--against` compares two builds of tilewright.

`python -m pytest bench --benchmark-only` runs the same drivers.
"""
