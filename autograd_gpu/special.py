"""Special functions under PyTorch's names: `ag.special`.

>>> from autograd_gpu import special
>>> special.expit(ag.tensor([0.0]))
tensor([0.5000])
"""

from __future__ import annotations

from autograd_gpu.core.op import FUNCTIONS as _FUNCTIONS
from autograd_gpu.core.out import accepts_out as _accepts_out
from autograd_gpu.ops import bessel as _bessel

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammaln", "i0", "i0e", "i1", "i1e",
    "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round",
    "sinc", "softmax", "xlog1py", "xlogy", "zeta",
]  # fmt: skip

digamma = psi = _FUNCTIONS["digamma"]
erf, erfc, erfinv = _FUNCTIONS["erf"], _FUNCTIONS["erfc"], _FUNCTIONS["erfinv"]
exp2, expm1, log1p = _FUNCTIONS["exp2"], _FUNCTIONS["expm1"], _FUNCTIONS["log1p"]
expit, logit, sinc = _FUNCTIONS["sigmoid"], _FUNCTIONS["logit"], _FUNCTIONS["sinc"]
gammaln, multigammaln, polygamma = _FUNCTIONS["lgamma"], _FUNCTIONS["mvlgamma"], _FUNCTIONS["polygamma"]
i0, xlogy, round = _FUNCTIONS["i0"], _FUNCTIONS["xlogy"], _FUNCTIONS["round"]
softmax, log_softmax, logsumexp = _FUNCTIONS["softmax"], _FUNCTIONS["log_softmax"], _FUNCTIONS["logsumexp"]
i0e, i1, i1e = (_accepts_out(op.public) for op in (_bessel.i0e, _bessel.i1, _bessel.i1e))
ndtr, log_ndtr, ndtri = (_accepts_out(op.public) for op in (_bessel.ndtr, _bessel.log_ndtr, _bessel.ndtri))
entr, erfcx = (_accepts_out(op.public) for op in (_bessel.entr, _bessel.erfcx))
xlog1py, zeta = (_accepts_out(op.public) for op in (_bessel.xlog1py, _bessel.zeta))
