"""Differential tests: seeded random calls of the public functions, against NumPy, PyTorch and finite differences.

Each part makes a fixed number of calls from fixed seeds, so that a run can be repeated; `--differential-seconds N`
goes on with further seeds. The functions are found by walking the public namespaces: none can be left out.
"""
