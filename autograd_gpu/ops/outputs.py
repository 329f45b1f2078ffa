"""Which functions take ``out=``: the ones that do in PyTorch. See `core/out.py` for what that means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.core.out import Fit, accepts_out

#: what happens to an `out` of another dtype (see `accepts_out`) -> names
TAKING_OUT: dict[Fit, str] = {
    "cast": """
    acos acosh add addcdiv addcmul addr angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh
    bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor cat column_stack concat concatenate copysign cos
    cosh deg2rad digamma div divide dstack eq erf erfc erfinv exp exp2 expm1 floor_divide fmax fmin fmod ge greater
    greater_equal gt hstack hypot kron ldexp le lerp less less_equal lgamma log log10 log1p log2 logaddexp logaddexp2
    logical_and logical_not logical_or logical_xor logit logsumexp lt maximum mean minimum mul multiply nanmean nansum ne
    nextafter not_equal outer polygamma pow rad2deg reciprocal remainder row_stack rsqrt sigmoid sin sinc sinh sqrt square
    stack std sub subtract tan tanh true_divide var vstack xlogy cholesky cholesky_inverse cholesky_solve diff
    """,
    "exact": """
    abs absolute addbmm addmm addmv all amax amin aminmax any argmax argmin baddbmm bitwise_not bmm bucketize ceil chain_matmul
    clamp clamp_max clamp_min clip complex conj_physical cross cummax cummin diag dot fix float_power floor frac gather ger
    heaviside histc index_add index_copy index_select inner isneginf isposinf kthvalue log_softmax logcumsumexp masked_select
    matmul max median min mm msort multinomial mv nan_to_num nanmedian neg negative nonzero norm polar round scatter
    scatter_add scatter_reduce searchsorted sgn sign signbit softmax sort take take_along_dim tensordot topk tril triu trunc
    where inverse isin lu_solve matrix_power mode nanquantile qr quantile svd
    triangular_solve vdot
    """,
    "compute": "cumprod cumsum prod sum",
}


def names() -> list[tuple[str, Fit]]:
    """The names of all functions that take `out`, each with what happens to an `out` of another dtype."""
    return [(name, fit) for fit in get_args(Fit) for name in TAKING_OUT[fit].split()]


def publish() -> None:
    """Give these functions their keyword `out`."""
    made: dict[int, Callable[..., Any]] = {}  # names of the same function stay names of the same function
    for name, fit in names():
        function = FUNCTIONS[name]
        if id(function) not in made:
            made[id(function)] = accepts_out(function, fit)
        FUNCTIONS[name] = made[id(function)]
