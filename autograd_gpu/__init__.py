"""PyTorch's autograd API over NumPy on the CPU, and over CuPy and our own CUDA kernels on the GPU."""

__version__ = "0.1.0"
