"""Layer 8: the demonstration behind `python -m autograd_gpu train`: a digit classifier, start to finish."""
