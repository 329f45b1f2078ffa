"""Benchmarks. `python -m benchmarks overhead` compares with peers; `pytest benchmarks` times this library alone."""
