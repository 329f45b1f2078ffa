"""Layer 4: how tensors are printed, to the letter as PyTorch prints them.

The elements of one tensor share a format. Which one, the values decide: whole numbers are written ``1.``,
others with `precision` digits, and as soon as the range is too wide for that, in scientific notation.
Only what is shown is looked at, and only that is copied from a GPU: a tensor of more than `threshold`
elements is first cut down to the `edgeitems` first and last along each dimension.
"""

from __future__ import annotations

import contextlib
import math
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, node_of, visible, wrap
from autograd_gpu.core.leaves import is_leaf
from autograd_gpu.core.op import expose


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed, in all threads; what is not given stays as it is (but see `sci_mode`).

    Args:
        precision: digits after the point (default 4).
        threshold: tensors with more elements are printed in part (default 1000).
        edgeitems: how many elements of such a tensor are shown at each end of each dimension (default 3).
        linewidth: characters per line (default 80).
        profile: "default", "short" (2 digits, 2 items) or "full" (everything); the other arguments win.
        sci_mode: whether to use scientific notation; None, also when left out: where the values ask for it.

    Raises:
        ValueError: an unknown profile.

    Example:
        >>> ag.set_printoptions(precision=2)
        >>> ag.tensor([1.12345])
        tensor([1.12])
        >>> ag.set_printoptions(profile="default")
        >>> ag.tensor([1.12345])
        tensor([1.1235])
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(
            f"set_printoptions(): profile must be 'default', 'short' or 'full', not {profile!r}"
            f"{errors.here()}"
        )
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes = dict(_PROFILES[profile]) if profile is not None else {}
    changes.update({name: value for name, value in given.items() if value is not None})
    for name, value in changes.items():
        setattr(_options, name, value)
    _options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options as a dictionary that `set_printoptions` takes.

    >>> ag.get_printoptions()["precision"]
    4
    """
    return asdict(_options)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """`set_printoptions` for the length of a ``with`` block.

    >>> with ag.printoptions(precision=1):
    ...     print(ag.tensor([0.25]))
    tensor([0.2])
    """
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


class _Numbers:
    """The format of the elements of one tensor, found from those that are shown."""

    def __init__(self, values: list[Any], floating: bool) -> None:
        self.spec = ""
        self.point = ""
        self.width = 1
        if not floating:
            self.width = max(map(len, map(str, values)), default=1)
            return
        shown = [value for value in values if value and math.isfinite(value)]
        whole = all(value == math.floor(value) for value in shown)
        scientific = False
        if shown:
            sizes = [abs(value) for value in shown]
            smallest, largest = min(sizes), max(sizes)
            scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
            if _options.sci_mode is not None:
                scientific = _options.sci_mode
        if scientific:
            self.spec = f".{_options.precision}e"
        elif whole:
            self.spec = ".0f"
            self.point = "."
        else:
            self.spec = f".{_options.precision}f"
        self.width = max((len(format(value, self.spec)) + len(self.point) for value in shown), default=1)

    def write(self, value: Any) -> str:
        text = format(value, self.spec) if self.spec else str(value)
        if self.point and math.isfinite(value):
            text += self.point
        return text.rjust(self.width)


class _ComplexNumbers:
    """The same for complex numbers: each part has its format."""

    def __init__(self, values: list[Any]) -> None:
        self.real = _Numbers([value.real for value in values], True)
        self.imag = _Numbers([value.imag for value in values], True)
        self.width = self.real.width + self.imag.width + 1

    def write(self, value: complex) -> str:
        imag = self.imag.write(value.imag).lstrip() + "j"
        return self.real.write(value.real) + ("" if imag[0] in "+-" else "+") + imag


def _edges(F: Any, array: Any) -> Any:
    """An array cut down to its first and last `edgeitems` along each dimension that has more than both."""
    for dim, extent in enumerate(array.shape):
        if extent > 2 * _options.edgeitems:
            before = (slice(None),) * dim
            first = array[(*before, slice(0, _options.edgeitems))]
            last = array[(*before, slice(extent - _options.edgeitems, extent))]
            array = F.cat((first, last), dim=dim)
    return array


def _leaves(nested: Any) -> list[Any]:
    """The numbers in nested lists."""
    level = [nested]
    while level and isinstance(level[0], list):
        level = [each for part in level for each in part]
    return level


def _write(
    nested: Any, shape: tuple[int, ...], cut: bool, indent: int, numbers: _Numbers | _ComplexNumbers
) -> str:
    """Nested lists as text. `shape` is that of the whole tensor; with `cut`, `nested` has only its edges."""
    if not shape:
        return numbers.write(nested)
    gap = cut and shape[0] > 2 * _options.edgeitems
    if len(shape) > 1:
        parts = [_write(part, shape[1:], cut, indent + 1, numbers) for part in nested]
        if gap:
            parts.insert(_options.edgeitems, "...")
        return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(parts) + "]"
    if cut and not _options.edgeitems:
        return "[...]"
    parts = [numbers.write(value) for value in nested]
    if gap:
        parts.insert(_options.edgeitems, " ...")
    per_line = max(1, math.floor((_options.linewidth - indent) / (numbers.width + 2)))
    lines = [", ".join(parts[start : start + per_line]) for start in range(0, len(parts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _contents(tensor: Tensor, indent: int) -> str:
    array, type = tensor._array, tensor._type
    if not array.size:
        return "[]"
    shape = tuple(array.shape)
    cut = array.size > _options.threshold
    nested = type.namespace.to_host(_edges(type.namespace, array) if cut else array).tolist()
    values = _leaves(nested)
    numbers = _ComplexNumbers(values) if type.is_complex else _Numbers(values, type.dtype.is_floating_point)
    return _write(nested, shape, cut, indent, numbers)


def _remarks(tensor: Tensor) -> Iterator[str]:
    """What follows the values: everything that they do not show."""
    type, shape = tensor._type, tuple(tensor._array.shape)
    default = dtypes.get_default_dtype()
    if type.device.type != "cpu":
        yield f"device='{type.device}'"
    if not tensor._array.size:
        if len(shape) != 1:
            yield f"size={shape}"
        if type.dtype is not default:
            yield f"dtype={type.dtype}"
    else:
        if not _options.edgeitems:
            yield f"size={shape}"
        obvious = (default, default.to_complex(), dtypes.int64, dtypes.bool_)
        if type.dtype not in obvious:
            yield f"dtype={type.dtype}"
    try:
        node = node_of(tensor)
    except RuntimeError:  # a view without grad whose base was changed: its history cannot be told
        yield "grad_fn=<Invalid>"
        return
    if node is not None:
        made_by = None if is_leaf(node) else visible(node)[0]
        yield "requires_grad=True" if made_by is None else f"grad_fn=<{made_by.name()}>"


def tensor_repr(tensor: Tensor) -> str:
    """The text that ``repr(tensor)`` and ``print(tensor)`` give. Inside `vmap` that is the whole batch."""
    namespace = tensor._type.namespace
    if hasattr(namespace, "whole"):
        whole = textwrap.indent(tensor_repr(wrap(namespace.whole(tensor._array))), "    ")
        return f"BatchedTensor(lvl={namespace.batch.level}, bdim=0, value=\n{whole}\n)"
    kind = type(tensor).__name__
    prefix = "tensor(" if kind in ("Tensor", "Parameter") else f"{kind}("
    text = prefix + _contents(tensor, len(prefix))
    used = len(text) - text.rfind("\n") + 1
    for remark in _remarks(tensor):
        if used + len(remark) + 2 > _options.linewidth:
            text += ",\n" + " " * len(prefix) + remark
            used = len(prefix) + len(remark)
        else:
            text += ", " + remark
            used += len(remark) + 2
    return f"Parameter containing:\n{text})" if kind == "Parameter" else text + ")"


for _function in (set_printoptions, get_printoptions, printoptions):
    expose(_function, _function.__name__, method=False)
