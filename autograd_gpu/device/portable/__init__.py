"""The raw array namespace, one family of functions per file, written once over NumPy and CuPy."""
