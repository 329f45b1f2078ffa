"""Functions that are made of several ops, or that look at dtypes before they call one: as one, for an interceptor.

Autocast decides by function: all of ``einsum``, or of a loss, runs in one dtype. Its interceptor would see only the ops
inside, after the function has checked that its operands have one dtype. So these functions first look for an
interceptor with a method ``whole(name, function, args, kwargs)``, and leave the call to it. This is the last step of
importing the ops: the functions are replaced wherever they are public.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from autograd_gpu.core import modes
from autograd_gpu.core.op import FUNCTIONS, METHODS, Op

__all__ = ["COMPOSITIONS", "publish"]

#: functions that autocast treats as one; ``autograd_gpu/amp/lists.py`` says how
COMPOSITIONS = frozenset(
    {
        "adaptive_avg_pool3d", "adaptive_max_pool3d", "addbmm", "addmv", "addr", "avg_pool3d", "baddbmm", "bilinear",
        "chain_matmul", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        "cosine_embedding_loss", "cosine_similarity", "cross", "dist", "einsum", "group_norm", "gru_cell", "gru_layer",
        "hinge_embedding_loss", "index_copy", "index_put", "lstm_cell", "lstm_layer", "margin_ranking_loss", "max_pool3d",
        "poisson_nll_loss", "polar", "rms_norm", "rnn_cell", "rnn_layer", "scatter_add", "soft_margin_loss", "tensordot",
        "triplet_margin_loss",
    }
)  # fmt: skip


def _as_one(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if modes.intercepting:
            for interceptor in reversed(modes.local.interceptors):
                whole = getattr(interceptor, "whole", None)
                if whole is not None:
                    return whole(name, function, args, kwargs)
        return function(*args, **kwargs)

    return call


def publish(families: list[ModuleType]) -> None:
    """Replace the functions in the modules that define them and in the tables of what users see."""
    for family in families:
        for name in COMPOSITIONS.intersection(vars(family)):
            found = getattr(family, name)
            function = found.public if isinstance(found, Op) else found
            if getattr(function, "__module__", None) != family.__name__:
                continue  # a module uses another one's function
            replacement = _as_one(name, function)
            if found is function:
                setattr(family, name, replacement)
            else:
                found.public = replacement
            for table in (FUNCTIONS, METHODS):
                if table.get(name) is function:
                    table[name] = replacement
