"""Layer 8: tools to test code that is differentiated: `assert_close`, `gradcheck`, `gradgradcheck`, and op
cases.

An op case (`opcase.py`) says how an op is called, what it must give and for which dtypes; `opchecks.py` holds
the op to it.
"""

from autograd_gpu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd_gpu.testing.assert_close import assert_close

__all__ = ["GradcheckError", "assert_close", "gradcheck", "gradgradcheck"]
