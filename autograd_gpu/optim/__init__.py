"""Optimisers and learning rate schedules, with the names, options and formulas of torch.optim."""

from autograd_gpu.optim import lr_scheduler
from autograd_gpu.optim.adagrad import Adagrad
from autograd_gpu.optim.adam import Adam, AdamW
from autograd_gpu.optim.optimizer import Optimizer
from autograd_gpu.optim.rmsprop import RMSprop
from autograd_gpu.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
