"""What products of matrices may give up for speed on a GPU: the switches behind `ag.backends`."""

from __future__ import annotations

#: whether products of float32 may round their operands to TF32 (10 bits after the point) for the tensor cores
tf32 = False
#: whether sums over parts of a product of halves may be rounded to halves in between, by dtype
reduced_sums = {"float16": True, "bfloat16": True}
