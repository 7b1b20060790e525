"""Benchmarks: ratios of two things timed in turn in one process, never absolute times."""
