"""Benchmarks that anyone can run, from a checkout: `python -m tests.benchmarks --help`."""
