"""The workloads of `benchmarks/bench_training.py` for libraries with another interface; each has those that it can have."""
