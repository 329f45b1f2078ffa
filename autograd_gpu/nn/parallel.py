"""``ag.nn.parallel``: PyTorch's wrappers for several devices, as far as one process with one device needs them."""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.device import Device
from autograd_gpu.nn.module import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """A module that is called as it is: programs that wrap their model where there are several cards run on one.

    Args:
        module: the model, `module` of the wrapper; its state's names begin with ``module.``.
        device_ids: None, or one device.
        output_device, dim: without effect on one device.

    Raises:
        NotImplementedError: several `device_ids`: batches are not split over devices.

    >>> net = ag.nn.DataParallel(ag.nn.Linear(2, 1))
    >>> net(ag.ones(3, 2)).shape, list(net.state_dict())
    (ag.Size([3, 1]), ['module.weight', 'module.bias'])
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise NotImplementedError(
                f"DataParallel: a batch is not split over devices; use one of {list(device_ids)}{errors.here()}"
            )
        self.module = module
        self.dim = dim
        if device_ids:
            place = device_ids[0]
            module.to(Device("cuda", place) if isinstance(place, int) else Device(place))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)
