"""`gradcheck` and `gradgradcheck`: derivatives against finite differences, as in `torch.autograd`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_gpu import dtypes
from autograd_gpu.autograd.derivatives import Check
from autograd_gpu.autograd.jacobian import Function, GradcheckError, as_tuple, call, uniform
from autograd_gpu.core.backward import grad
from autograd_gpu.core.graph import Tensor, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check the gradients of a function against central finite differences.

    Every input that requires grad is checked against every output that does. Complex functions are checked
    through the real and the imaginary part of their outputs (PyTorch's convention: gradients are conjugate
    Wirtinger derivatives). At points where `func` is not differentiable the check may fail although nothing
    is wrong.

    Args:
        func: takes `inputs`, returns a tensor or a tuple or list of tensors.
        inputs: a tensor or a tuple of tensors (and other values, which are passed on). Those to be checked
            must require grad and should be float64 or complex128: in float32 a difference over `eps` has no
            correct digit left. They are changed in place during the check, and restored.
        eps: step of the finite differences.
        atol, rtol: a derivative is right if ``|analytical - numerical| <= atol + rtol * |numerical|``.
        raise_exception: raise `GradcheckError` when the check fails (the message shows the worst element);
            otherwise return False.
        nondet_tol: how much two identical backward passes may differ.
        check_undefined_grad: also check that outputs without a gradient count as outputs with zero gradient.
        check_grad_dtypes: also check that gradients have the dtypes of the inputs.
        check_batched_grad: also check that `vmap` over backward passes gives what single passes give.
        check_batched_forward_grad: the same for forward mode.
        check_forward_ad: also check forward mode.
        check_backward_ad: check backward mode.
        fast_mode: compare random projections of the Jacobian instead of all its elements: two evaluations of
            `func` per input instead of two per element.
        masked: accepted for PyTorch's sake; it concerns sparse tensors.

    Returns:
        True if the check passed; False if it failed and `raise_exception` is False.

    Raises:
        GradcheckError: a RuntimeError, if the check failed.
        ValueError: if no input requires grad.
        RuntimeError: if an input's elements overlap in memory (expanded tensors).
        AssertionError: for options that do not go together.

    Example:
        >>> from autograd_gpu.autograd import gradcheck
        >>> x = ag.tensor([0.5, 2.0], dtype=ag.float64, requires_grad=True)
        >>> gradcheck(lambda x: x * x, x)
        True
        >>> gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
        False
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    given = as_tuple(inputs)
    _check_inputs(given)
    check = Check(func, given, eps, atol, rtol, check_grad_dtypes, fast_mode)
    try:
        check.outputs_of_func()
        if check_backward_ad:
            check.backward(nondet_tol)
        if check_forward_ad:
            check.forward()
            if check_undefined_grad:
                check.missing_tangents()
        if check_batched_forward_grad:
            check.batched_forward()
        if check_backward_ad and check.outputs:
            if check_batched_grad:
                check.batched_backward()
            check.zero_cotangents()
            if check_undefined_grad:
                check.missing_cotangents()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: `gradcheck` of the function that maps inputs and output gradients to input
    gradients.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: gradients of the outputs that require grad (a tensor or a tuple); by default random
            numbers in [-1, 1) that require grad.
        gen_non_contig_grad_outputs: make those random gradients non-contiguous in memory.
        check_fwd_over_rev: check forward mode over backward mode.
        check_rev_over_rev: check backward mode over backward mode.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes,
            check_batched_grad, fast_mode, masked: as for `gradcheck`.

    Returns, Raises:
        as `gradcheck`; TypeError if no output of `func` requires grad.

    Example:
        >>> from autograd_gpu.testing import gradgradcheck
        >>> x = ag.tensor([0.5, 2.0], dtype=ag.float64, requires_grad=True)
        >>> gradgradcheck(lambda x: x * x * x, x)
        True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    given = as_tuple(inputs)
    outputs = [output for output in call(func, given) if output.requires_grad]
    if not outputs:
        raise TypeError("gradgradcheck: no output of func requires grad, so there are no gradients to check")
    if grad_outputs is None:
        cotangents: tuple[Any, ...] = _random_cotangents(outputs, gen_non_contig_grad_outputs)
    else:
        cotangents = as_tuple(grad_outputs)
    count = len(given)
    wanted = [isinstance(value, Tensor) and value.requires_grad for value in (*given, *cotangents)]

    def gradient_function(*arguments: Any) -> tuple[Tensor, ...]:
        for value, wants in zip(arguments, wanted, strict=True):
            if wants:  # forward mode was given detached ones
                value.requires_grad_()
        outputs = [output for output in call(func, arguments[:count]) if output.requires_grad]
        leaves = [value for value, wants in zip(arguments[:count], wanted[:count], strict=True) if wants]
        found = grad(outputs, leaves, list(arguments[count:]), create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradient_function,
        (*given, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _random_cotangents(outputs: Sequence[Tensor], strided: bool) -> tuple[Tensor, ...]:
    generator = np.random.default_rng(0)  # its own, so that the user's random numbers do not move
    cotangents = []
    for output in outputs:
        kind = output._type
        shape = output._array.shape
        full = (*shape[:-1], 2 * shape[-1]) if strided and shape else shape
        values = uniform(generator, full, kind.is_complex)
        array = kind.namespace.from_host(values.astype(kind.numpy))
        cotangent = wrap(array[..., ::2] if full != shape else array, kind)
        cotangents.append(cotangent.requires_grad_())
    return tuple(cotangents)


def _check_inputs(inputs: Sequence[Any]) -> None:
    found = False
    for position, value in enumerate(inputs):
        if not (isinstance(value, Tensor) and value.requires_grad):
            continue
        found = True
        if value._type.dtype not in (dtypes.float64, dtypes.complex128):
            warnings.warn(
                f"Input #{position} requires gradient and is not a double precision floating point or "
                "complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. "
                "(it is "
                f"{value._type.dtype.name})",
                stacklevel=3,
            )
        array = value._array
        if array.size and any(
            stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)
        ):
            raise RuntimeError(
                f"The {position}th input has a dimension with stride 0. gradcheck only supports inputs that "
                "are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                ".contiguous on "
                "the input before passing it to gradcheck."
            )
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have "
            "requires_grad=True."
        )
