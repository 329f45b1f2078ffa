"""Optimisers and learning rate schedules, with the names, options and formulas of torch.optim."""

from autograd_gpu.optim import lr_scheduler, swa_utils
from autograd_gpu.optim.adadelta import Adadelta
from autograd_gpu.optim.adagrad import Adagrad
from autograd_gpu.optim.adam import Adam, AdamW
from autograd_gpu.optim.adamax import Adamax
from autograd_gpu.optim.asgd import ASGD
from autograd_gpu.optim.lbfgs import LBFGS
from autograd_gpu.optim.nadam import NAdam
from autograd_gpu.optim.optimizer import Optimizer
from autograd_gpu.optim.radam import RAdam
from autograd_gpu.optim.rmsprop import RMSprop
from autograd_gpu.optim.rprop import Rprop
from autograd_gpu.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
