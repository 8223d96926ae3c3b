"""Benchmarks, each side by side with the straightforward alternative: `python -m benchmarks`."""
