"""Which template instances of the CUDA sources there are: `device/kernels.py` compiles them, all tests go through them."""

from __future__ import annotations

#: threads in a block, for all kernels (some use it as a constant: see kernels/common.cuh)
BLOCK = 256

#: element types: NumPy's name -> the name in our sources
FLOATS = {"float32": "float", "float64": "double", "float16": "half", "bfloat16": "bfloat16"}
INTEGERS = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int",
    "int64": "long long",
}  # fmt: skip
COMPLEX = {"complex64": "complex<float>", "complex128": "complex<double>"}
TYPES = {**FLOATS, **INTEGERS, **COMPLEX}

#: how many elements are 16 bytes
PACK = {"float": 4, "double": 2, "half": 8, "bfloat16": 8}

#: elements of a row that a thread keeps, and threads for a row (rows.cuh); the first is for one element at a time. A thread
#: keeps half as many numbers of twice the size.
ROW_FORMS = ((4, 32), (16, 32), (16, BLOCK), (32, BLOCK))
WIDE_ROW_FORMS = ((4, 32), (8, 32), (8, BLOCK), (16, BLOCK))


def row_forms(kind: str, largest: int) -> tuple[str, ...]:
    """Template arguments for rows in registers: neighbours, how often, threads. Of the forms with at most `largest` elements,
    or half as many of twice the size."""
    forms = WIDE_ROW_FORMS if kind == "double" else ROW_FORMS
    return tuple(
        f"{together}, {elements // together}, {threads}"
        for (elements, threads), (usual, _) in zip(forms, ROW_FORMS, strict=True)
        for together in (1, PACK[kind])
        if usual <= largest and not (together > 1 and elements == 4)
    )


#: functors of curves.cuh: what most programs use, and the others
COMMON_CURVES = ("Relu", "Gelu", "GeluTanh", "Silu", "Sigmoid", "Tanh")
MORE_CURVES = (
    "Mish", "Softplus", "LogSigmoid", "Elu", "LeakyRelu", "HardTanh", "HardSigmoid", "HardSwish", "SoftSign",
)  # fmt: skip
#: functors of loss.cu
LOSSES = (
    "Square", "Distance", "SmoothL1", "Huber", "Binary", "BinaryLogits", "Divergence", "LogDivergence",
)  # fmt: skip

#: file -> group -> instances; a group is what is compiled together
INSTANCES: dict[str, dict[str, tuple[str, ...]]] = {
    "philox": {
        "bits": ("random_words", "dropout_mask"),
        **{kind: (f"uniform<{kind}>", f"normal<{kind}>", f"dropout<{kind}>") for kind in FLOATS.values()},
    },
    "softmax": {
        kind: tuple(
            f"{direction}_{form}"
            for direction, largest in (("forward", 32), ("backward", 16))
            for log in ("false", "true")
            for form in (
                *(f"row<{kind}, {log}, {row}>" for row in row_forms(kind, largest)),
                f"block<{kind}, {log}>",
                f"columns<{kind}, {log}, 16>",
                f"columns<{kind}, {log}, 0>",
            )
        )
        for kind in FLOATS.values()
    },
    "convolution": {kind: (f"windows<{kind}>", f"overlap<{kind}>") for kind in FLOATS.values()},
    "depthwise": {
        kind: tuple(f"{name}<{kind}>" for name in ("forward", "input_gradient", "weight_gradient"))
        for kind in FLOATS.values()
    },
    "cross_entropy": {
        kind: tuple(
            form
            for direction in ("forward", "backward")
            for form in (
                f"{direction}_columns<{kind}>",
                *(
                    f"{direction}_rows<{kind}, {threads}, {n}>"
                    for threads in (32, BLOCK)
                    for n in (1, PACK[kind])
                ),
            )
        )
        for kind in FLOATS.values()
    },
    "norm": {
        kind: (
            *(
                form
                for rms in ("false", "true")
                for form in (
                    *(f"forward_row<{kind}, {rms}, {row}>" for row in row_forms(kind, 32)),
                    *(f"backward_row<{kind}, {rms}, {row}>" for row in row_forms(kind, 16)),
                    f"forward_long<{kind}, {rms}>",
                    f"backward_long<{kind}, {rms}>",
                    f"slices<{kind}, {rms}>",
                )
            ),
            f"add_slices<{kind}>",
        )
        for kind in FLOATS.values()
    },
    "pooling": {
        kind: tuple(
            name
            for of in ("max", "average")
            for name in (
                f"{of}_forward<{kind}, false>",
                f"{of}_forward<{kind}, true>",
                f"{of}_backward<{kind}>",
                f"{of}_backward_apart<{kind}>",
            )
        )
        for kind in FLOATS.values()
    },
    "optimizers": {
        "steps": ("advance",),
        **{
            kind: tuple(f"update<{kind}, {rule}>" for rule in ("Sgd", "Adam", "RmsProp", "Adagrad"))
            for kind in FLOATS.values()
        },
    },
    "optimizers_gradients": {
        "scale": ("update_scale",),
        **{
            kind: (
                *(f"norm<{kind}, {form}>" for form in (1, 2, 0, -1)),
                f"scale_to_norm<{kind}>",
                f"clamp_all<{kind}>",
                f"unscale<{kind}, true>",
                f"unscale<{kind}, false>",
            )
            for kind in FLOATS.values()
        },
    },
    "scatter": {kind: (f"add_runs<{kind}, true>", f"add_runs<{kind}, false>") for kind in TYPES.values()},
    "activation": {
        f"{kind}{suffix}": tuple(form.format(kind=kind, curve=curve) for curve in curves for form in forms)
        for kind in FLOATS.values()
        for suffix, curves, forms in (
            ("", COMMON_CURVES, ("forward<{kind}, {curve}>", "backward<{kind}, {curve}>")),
            (" more", MORE_CURVES, ("forward<{kind}, {curve}>", "backward<{kind}, {curve}>")),
            (
                " bias",
                COMMON_CURVES,
                tuple(
                    f"bias_{direction}<{{kind}}, {together}, {{curve}}>"
                    for direction in ("forward", "backward")
                    for together in (1, PACK[kind])
                ),
            ),
        )
    },
    "loss": {
        kind: tuple(f"{form}<{kind}, {loss}>" for loss in LOSSES for form in ("each", "gradient", "total"))
        for kind in FLOATS.values()
    },
    "reduce": {
        kind: (
            *(f"planes<{kind}, {n}, {warp}>" for n in (1, PACK[kind]) for warp in ("false", "true")),
            *(f"columns<{kind}, {n}>" for n in (1, PACK[kind])),
        )
        for kind in FLOATS.values()
    },
    "batch_norm": {
        kind: (
            *(
                f"{name}_planes<{kind}, {n}, {warp}>"
                for name in ("statistics", "products", "affine")
                for n in (1, PACK[kind])
                for warp in ("false", "true")
            ),
            *(
                f"{name}<{kind}, {n}>"
                for name in (
                    "statistics_columns",
                    "products_columns",
                    "affine_columns",
                    "normalize",
                    "gradient",
                )
                for n in (1, PACK[kind])
            ),
            f"track<{kind}>",
        )
        for kind in FLOATS.values()
    },
    "attention": {
        kind: tuple(
            f"{direction}{form.format(kind=kind)}"
            for direction in ("forward", "backward")
            for form in (
                "<{kind}, 32, 1>",
                "<{kind}, 32, 4>",
                f"<{{kind}}, {BLOCK}, 1>",
                f"<{{kind}}, {BLOCK}, 4>",
                "_long<{kind}>",
            )
        )
        for kind in FLOATS.values()
    },
    "scan": {
        kind: tuple(
            f"{form}<{kind}, {join}>"
            for form in ("rows", "carry", "columns")
            for join in ("Plus", "Times", "LogPlus")
        )
        for kind in FLOATS.values()
    },
    "scan_extremes": {
        kind: tuple(
            f"{form}<{kind}, {largest}>"
            for form in ("rows", "carry", "columns")
            for largest in ("false", "true")
        )
        for kind in (*FLOATS.values(), *INTEGERS.values())
    },
    "scan_gradients": {
        kind: (
            *(f"{form}<{kind}, {of}>" for form in ("rows", "columns") for of in ("Product", "LogSum")),
            f"carry<{kind}>",
        )
        for kind in FLOATS.values()
    },
}
