"""PyTorch's word on layers: text, names of the state, outputs, gradients, starting values, and errors."""

from __future__ import annotations

import copy
import math
import pickle
import re
from typing import Any, NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402


def ours(value: Any) -> Any:
    """A PyTorch tensor (or a tuple of them) as ours, with the same requires_grad."""
    if isinstance(value, (tuple, list)):
        return type(value)(ours(each) for each in value)
    if not isinstance(value, torch.Tensor):
        return value
    twin = ag.tensor(value.detach().numpy())
    return twin.requires_grad_(value.requires_grad) if value.is_floating_point() else twin


def load(mine: Any, theirs: Any) -> None:
    result = mine.load_state_dict({name: ours(value) for name, value in theirs.state_dict().items()})
    assert repr(result) == "<All keys matched successfully>"


def close(mine: Any, theirs: Any, what: str, rtol: float = 2e-5, atol: float = 2e-5) -> None:
    if isinstance(theirs, (tuple, list)):
        for number, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            close(a, b, f"{what}[{number}]", rtol, atol)
    elif theirs is None:
        assert mine is None, what
    else:
        assert tuple(mine.shape) == tuple(theirs.shape), what
        np.testing.assert_allclose(
            mine.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=atol, err_msg=what
        )


class Layer(NamedTuple):
    name: str
    args: tuple[Any, ...] = ()
    params: dict[str, Any] = {}  # noqa: RUF012 - never written to
    inputs: tuple[Any, ...] = ((4, 6),)  # shapes, or functions that make a tensor


def classes(count: int, *shape: int) -> Any:
    return lambda: torch.randint(count, shape)


def probabilities(*shape: int) -> Any:
    return lambda: (torch.rand(shape) * 0.8 + 0.1).requires_grad_()


def signs(*shape: int) -> Any:
    return lambda: torch.randint(2, shape).float() * 2 - 1


def log_frames(*shape: int) -> Any:
    return lambda: torch.randn(shape).log_softmax(-1).detach().requires_grad_()


def labels(classes: int, *shape: int, blank: int = 0) -> Any:
    return lambda: (torch.randint(1, classes, shape) + blank) % classes


def lengths(*values: int) -> Any:
    return lambda: torch.tensor(values)


LAYERS = [
    Layer("Identity", (54,), {"unused": True}),
    Layer("Linear", (6, 3)),
    Layer("Linear", (6, 3), {"bias": False}, ((2, 4, 6),)),
    Layer("Bilinear", (6, 5, 3), {}, ((4, 6), (4, 5))),
    Layer("Flatten", (), {}, ((2, 3, 4),)),
    Layer("Flatten", (0, 1), {}, ((2, 3, 4),)),
    Layer("Unflatten", (1, (2, 3))),
    Layer("Conv1d", (4, 6, 3), {}, ((2, 4, 9),)),
    Layer("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}, ((2, 4, 9),)),
    Layer("Conv1d", (4, 6, 4), {"padding": "same", "dilation": 2}, ((2, 4, 9),)),
    Layer("Conv1d", (4, 6, 3), {"padding": 2, "padding_mode": "circular"}, ((4, 9),)),
    Layer("Conv2d", (3, 4, 3), {}, ((2, 3, 7, 6),)),
    Layer("Conv2d", (3, 4, (3, 2)), {"stride": (2, 1), "padding": (1, 0), "bias": False}, ((2, 3, 7, 6),)),
    Layer("Conv2d", (4, 4, 3), {"padding": "same", "groups": 4}, ((2, 4, 7, 6),)),
    Layer("Conv2d", (3, 4, 3), {"padding": "valid"}, ((3, 7, 6),)),
    Layer("Conv2d", (3, 4, 3), {"padding": 1, "padding_mode": "reflect"}, ((2, 3, 7, 6),)),
    Layer("Conv2d", (3, 4, 3), {"padding": "same", "padding_mode": "replicate"}, ((2, 3, 7, 6),)),
    Layer("Conv3d", (2, 3, 2), {"padding": 1}, ((1, 2, 4, 5, 3),)),
    Layer("ConvTranspose1d", (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1}, ((2, 4, 5),)),
    Layer("ConvTranspose2d", (4, 6, 3), {"stride": 2, "groups": 2, "dilation": 2}, ((2, 4, 5, 3),)),
    Layer("ConvTranspose2d", (4, 6, 3), {"stride": 2, "bias": False}, ((2, 4, 5, 3), (12, 8))),
    Layer("ConvTranspose3d", (2, 3, 2), {"stride": 2}, ((1, 2, 3, 2, 3),)),
    Layer("MaxPool1d", (3,), {"stride": 2, "padding": 1}, ((2, 4, 9),)),
    Layer("MaxPool2d", (2,), {}, ((2, 4, 7, 6),)),
    Layer("MaxPool2d", ((3, 2),), {"stride": 2, "padding": 1, "ceil_mode": True}, ((2, 4, 7, 6),)),
    Layer("MaxPool2d", (2,), {"return_indices": True}, ((2, 4, 7, 6),)),
    Layer("MaxPool3d", (2,), {}, ((1, 2, 4, 5, 3),)),
    Layer("AvgPool1d", (3,), {"stride": 2, "padding": 1}, ((2, 4, 9),)),
    Layer("AvgPool2d", (2,), {"padding": 1, "count_include_pad": False}, ((2, 4, 7, 6),)),
    Layer("AvgPool2d", ((2, 3),), {"divisor_override": 4}, ((2, 4, 7, 6),)),
    Layer("AvgPool3d", (2,), {}, ((1, 2, 4, 5, 3),)),
    Layer("AdaptiveAvgPool1d", (3,), {}, ((2, 4, 8),)),
    Layer("AdaptiveAvgPool2d", ((3, None),), {}, ((2, 4, 7, 6),)),
    Layer("AdaptiveAvgPool3d", (2,), {}, ((1, 2, 4, 5, 3),)),
    Layer("AdaptiveMaxPool1d", (3,), {}, ((2, 4, 8),)),
    Layer("AdaptiveMaxPool2d", (3,), {}, ((2, 4, 7, 6),)),
    Layer("AdaptiveMaxPool3d", (2,), {}, ((1, 2, 4, 5, 3),)),
    Layer("BatchNorm1d", (6,), {}, ((4, 6),)),
    Layer("BatchNorm1d", (6,), {"momentum": None, "eps": 1e-3}, ((4, 6, 3),)),
    Layer("BatchNorm2d", (3,), {"affine": False}, ((4, 3, 5, 2),)),
    Layer("BatchNorm2d", (3,), {"track_running_stats": False}, ((4, 3, 5, 2),)),
    Layer("BatchNorm2d", (3,), {"bias": False}, ((4, 3, 5, 2),)),
    Layer("BatchNorm3d", (2,), {}, ((3, 2, 2, 3, 2),)),
    Layer("InstanceNorm1d", (3,), {}, ((4, 3, 5),)),
    Layer("InstanceNorm2d", (3,), {"affine": True, "track_running_stats": True}, ((4, 3, 5, 2),)),
    Layer("InstanceNorm2d", (3,), {}, ((3, 5, 2),)),
    Layer("InstanceNorm3d", (2,), {}, ((2, 2, 2, 3, 2),)),
    Layer("LayerNorm", (6,)),
    Layer("LayerNorm", ((3, 6),), {"bias": False, "eps": 1e-3}, ((4, 3, 6),)),
    Layer("LayerNorm", (6,), {"elementwise_affine": False}),
    Layer("RMSNorm", (6,)),
    Layer("RMSNorm", ([3, 6],), {"eps": 1e-3, "elementwise_affine": False}, ((4, 3, 6),)),
    Layer("GroupNorm", (3, 6), {}, ((4, 6, 5),)),
    Layer("GroupNorm", (2, 6), {"affine": False}, ((4, 6, 5, 2),)),
    Layer("Upsample", (), {"scale_factor": 2}, ((2, 3, 4),)),
    Layer("Upsample", ((5, 6),), {"mode": "bilinear"}, ((2, 3, 4, 3),)),
    Layer("Upsample", (), {"scale_factor": 1.5, "mode": "bicubic", "align_corners": True}, ((2, 3, 4, 3),)),
    Layer("Upsample", (), {"scale_factor": (2, 1, 2), "mode": "trilinear"}, ((1, 2, 2, 3, 2),)),
    Layer("UpsamplingNearest2d", (), {"scale_factor": 2}, ((2, 3, 4, 3),)),
    Layer("UpsamplingBilinear2d", ((5, 7),), {}, ((2, 3, 4, 3),)),
    Layer("PixelShuffle", (2,), {}, ((2, 8, 3, 2),)),
    Layer("PixelUnshuffle", (2,), {}, ((2, 2, 4, 6),)),
    Layer("ChannelShuffle", (3,), {}, ((2, 6, 3, 2),)),
    Layer("Unfold", (2,), {"padding": 1, "stride": (2, 1)}, ((2, 3, 5, 4),)),
    Layer("Fold", ((4, 5), 2), {}, ((2, 12, 12),)),
    Layer("EmbeddingBag", (7, 3), {}, (classes(7, 4, 5),)),
    Layer("EmbeddingBag", (7, 3), {"mode": "max", "padding_idx": 2}, (classes(7, 4, 5),)),
    Layer("EmbeddingBag", (7, 3), {"mode": "sum"}, (classes(7, 12), lambda: torch.tensor([0, 3, 3, 8]))),
    Layer("LPPool1d", (3, 2), {"stride": 1}, ((2, 4, 9),)),
    Layer("LPPool2d", (2, (3, 2)), {"ceil_mode": True}, ((2, 3, 5, 5),)),
    Layer("LPPool3d", (3, 2), {}, (lambda: torch.rand(1, 2, 4, 4, 4).requires_grad_(),)),
    Layer("LocalResponseNorm", (3,), {"alpha": 0.1}, ((2, 5, 4),)),
    Layer("LocalResponseNorm", (2,), {"beta": 0.5, "k": 2.0}, ((2, 5, 4, 3),)),
    Layer("MaxUnpool1d", (2,), {}, ((2, 3, 2), lambda: torch.tensor([[[1, 2]] * 3] * 2))),
    Layer("MaxUnpool2d", (2,), {}, ((1, 1, 2, 2), lambda: torch.tensor([[[[1, 6], [8, 15]]]]))),
    Layer("MaxUnpool3d", (2,), {}, ((1, 1, 1, 1, 2), lambda: torch.tensor([[[[[5, 2]]]]]))),
    Layer("MultiMarginLoss", (), {}, ((5, 4), classes(4, 5))),
    Layer("MultiMarginLoss", (2, 0.5), {"reduction": "none"}, ((5, 4), classes(4, 5))),
    Layer("MultiLabelMarginLoss", (), {}, ((2, 4), lambda: torch.tensor([[3, 0, -1, 1], [2, -1, 0, 0]]))),
    Layer("MultiLabelMarginLoss", (), {"reduction": "sum"}, ((4,), lambda: torch.tensor([1, 3, 0, -1]))),
    Layer("MultiLabelSoftMarginLoss", (), {}, ((5, 4), lambda: torch.randint(2, (5, 4)).float())),
    Layer(
        "MultiLabelSoftMarginLoss",
        (),
        {"reduction": "none"},
        ((5, 4), lambda: torch.randint(2, (5, 4)).float()),
    ),
    Layer("TripletMarginWithDistanceLoss", (), {"swap": True}, ((5, 4), (5, 4), (5, 4))),
    Layer("CTCLoss", (), {}, (log_frames(9, 3, 5), labels(5, 3, 4), lengths(9, 7, 8), lengths(4, 2, 0))),
    Layer("CTCLoss", (2, "none"), {}, (log_frames(9, 3, 5), labels(5, 3, 4, blank=2), lengths(9, 9, 9), lengths(4, 3, 1))),
    Layer("CTCLoss", (0, "sum", True), {}, (log_frames(4, 2, 5), labels(5, 2, 4), lengths(4, 2), lengths(2, 4))),
    Layer("CTCLoss", (), {}, (log_frames(9, 2, 5), labels(5, 6), lengths(9, 7), lengths(4, 2))),
    Layer("Dropout", (0.0,)),
    Layer("Embedding", (9, 4), {}, (classes(9, 3, 5),)),
    Layer("Embedding", (9, 4), {"padding_idx": -2}, (lambda: torch.tensor([[1, 7, 0], [7, 7, 3]]),)),
    Layer("Embedding", (9, 4), {"max_norm": 1.0, "norm_type": 1.0}, (classes(9, 3, 5),)),
    Layer("Embedding", (9, 4), {"scale_grad_by_freq": True}, (lambda: torch.tensor([[1, 7, 0], [7, 7, 3]]),)),
    *(
        Layer(name, args)
        for name, args in [
            ("CELU", (1.5,)), ("ELU", (1.5,)), ("GELU", ()), ("GELU", ("tanh",)), ("GLU", ()),
            ("Hardshrink", (0.4,)), ("Hardsigmoid", ()), ("Hardswish", ()), ("Hardtanh", (-0.5, 1.5)),
            ("LeakyReLU", (0.2,)), ("LogSigmoid", ()), ("LogSoftmax", (1,)), ("Mish", ()), ("PReLU", ()),
            ("PReLU", (6, 0.1)), ("ReLU", ()), ("ReLU6", ()), ("SELU", ()), ("SiLU", ()), ("Sigmoid", ()),
            ("Softmax", (0,)), ("Softmin", (1,)), ("Softplus", (2.0, 1.0)), ("Softshrink", (0.4,)),
            ("Softsign", ()), ("Tanh", ()), ("Tanhshrink", ()), ("Threshold", (0.1, 20.0)),
        ]
    ),
    Layer("Softmax2d", (), {}, ((2, 3, 4, 5),)),
    Layer("CircularPad1d", (2,), {}, ((2, 3, 5),)),
    Layer("CircularPad2d", ((1, 2, 0, 1),), {}, ((2, 3, 5, 4),)),
    Layer("ConstantPad1d", ((1, 2), 3.5), {}, ((2, 3, 5),)),
    Layer("ConstantPad3d", (1, 3.5), {}, ((1, 2, 3, 2, 2),)),
    Layer("ReflectionPad1d", (2,), {}, ((2, 3, 5),)),
    Layer("ReflectionPad2d", ((1, 2, 0, 1),), {}, ((2, 3, 5, 4),)),
    Layer("ReplicationPad2d", (2,), {}, ((2, 3, 5, 4),)),
    Layer("ZeroPad2d", ((1, 2, 0, 1),), {}, ((2, 3, 5, 4),)),
    Layer("MSELoss", (), {}, ((4, 6), (4, 6))),
    Layer("MSELoss", (), {"reduction": "none"}, ((4, 6), (4, 6))),
    Layer("L1Loss", (), {"reduction": "sum"}, ((4, 6), (4, 6))),
    Layer("SmoothL1Loss", (), {"beta": 0.5}, ((4, 6), (4, 6))),
    Layer("HuberLoss", (), {"delta": 0.5}, ((4, 6), (4, 6))),
    Layer("CrossEntropyLoss", (), {"label_smoothing": 0.1}, ((4, 6), classes(6, 4))),
    Layer("CrossEntropyLoss", (), {"ignore_index": 1, "reduction": "sum"}, ((4, 3, 5), classes(3, 4, 5))),
    Layer("CrossEntropyLoss", (), {}, ((4, 6), lambda: torch.softmax(torch.randn(4, 6), 1).requires_grad_())),
    Layer("NLLLoss", (), {}, ((4, 6), classes(6, 4))),
    Layer("BCELoss", (), {}, (probabilities(4, 6), probabilities(4, 6))),
    Layer("BCEWithLogitsLoss", (), {}, ((4, 6), probabilities(4, 6))),
    Layer("KLDivLoss", (), {"reduction": "batchmean"}, ((4, 6), probabilities(4, 6))),
    Layer("KLDivLoss", (), {"reduction": "sum", "log_target": True}, ((4, 6), (4, 6))),
    Layer("PoissonNLLLoss", (), {"full": True}, ((4, 6), lambda: torch.randint(9, (4, 6)).float())),
    Layer("GaussianNLLLoss", (), {"full": True}, ((4, 6), (4, 6), probabilities(4, 6))),
    Layer("SoftMarginLoss", (), {}, ((4, 6), signs(4, 6))),
    Layer("HingeEmbeddingLoss", (), {"margin": 0.5}, ((4, 6), signs(4, 6))),
    Layer("MarginRankingLoss", (), {"margin": 0.5}, ((4,), (4,), signs(4))),
    Layer("CosineEmbeddingLoss", (), {"margin": 0.1}, ((4, 6), (4, 6), signs(4))),
    Layer("TripletMarginLoss", (), {"swap": True}, ((4, 6), (4, 6), (4, 6))),
    Layer("CosineSimilarity", (), {"dim": 1}, ((4, 6), (4, 6))),
    Layer("PairwiseDistance", (), {"p": 1.5}, ((4, 6), (4, 6))),
    Layer("RNN", (6, 5), {}, ((7, 3, 6),)),
    Layer("RNN", (6, 5, 2), {"nonlinearity": "relu", "bias": False, "batch_first": True}, ((3, 7, 6),)),
    Layer("RNN", (6, 5), {"bidirectional": True}, ((7, 6),)),
    Layer("LSTM", (6, 5), {}, ((7, 3, 6),)),
    Layer("LSTM", (6, 5, 3), {"bidirectional": True, "batch_first": True}, ((3, 7, 6),)),
    Layer(
        "LSTM", (6, 5, 2), {"proj_size": 3},
        ((7, 3, 6), lambda: (torch.randn(2, 3, 3), torch.randn(2, 3, 5))),
    ),
    Layer("GRU", (6, 5), {}, ((7, 3, 6),)),
    Layer("GRU", (6, 5, 2), {"bidirectional": True}, ((7, 3, 6), (4, 3, 5))),
    Layer("GRU", (6, 5), {"bias": False}, ((7, 6), (1, 5))),
    Layer("RNNCell", (6, 5), {"nonlinearity": "relu"}, ((3, 6), (3, 5))),
    Layer("LSTMCell", (6, 5), {}, ((3, 6), lambda: (torch.randn(3, 5), torch.randn(3, 5)))),
    Layer("GRUCell", (6, 5), {"bias": False}, ((6,),)),
    Layer("GRUCell", (6, 5), {}, ((3, 6), (3, 5))),
    Layer("MultiheadAttention", (8, 2), {}, ((5, 3, 8), (7, 3, 8), (7, 3, 8))),
    Layer(
        "MultiheadAttention", (8, 2), {"batch_first": True, "bias": False},
        ((3, 5, 8), (3, 7, 8), (3, 7, 8)),
    ),
    Layer(
        "MultiheadAttention", (8, 4),
        {"kdim": 6, "vdim": 5, "add_bias_kv": True, "add_zero_attn": True}, ((5, 8), (7, 6), (7, 5)),
    ),
    Layer("TransformerEncoderLayer", (8, 2, 16), {"dropout": 0.0}, ((5, 3, 8),)),
    Layer(
        "TransformerEncoderLayer", (8, 2, 16),
        {"dropout": 0.0, "activation": "gelu", "norm_first": True, "batch_first": True, "bias": False},
        ((3, 5, 8),),
    ),
    Layer("TransformerDecoderLayer", (8, 2, 16), {"dropout": 0.0}, ((5, 3, 8), (6, 3, 8))),
    Layer(
        "TransformerDecoderLayer", (8, 2, 16), {"dropout": 0.0, "norm_first": True}, ((5, 3, 8), (6, 3, 8))
    ),
    Layer("Transformer", (8, 2, 2, 1, 16), {"dropout": 0.0}, ((6, 3, 8), (5, 3, 8))),
]  # fmt: skip


def identity(layer: Layer) -> str:
    arguments = [*map(repr, layer.args), *(f"{name}={value}" for name, value in layer.params.items())]
    return f"{layer.name}({', '.join(arguments)})"


def both(layer: Layer) -> tuple[Any, Any]:
    mine = getattr(ag.nn, layer.name)(*layer.args, **layer.params)
    theirs = getattr(torch.nn, layer.name)(*layer.args, **layer.params)
    return mine, theirs


def make(source: Any) -> Any:
    return source() if callable(source) else torch.randn(source, requires_grad=True)


def floating(values: Any) -> list[Any]:
    """The tensors of floating dtype in a result."""
    if isinstance(values, (tuple, list)):
        return [found for value in values for found in floating(value)]
    if not hasattr(values, "is_floating_point") or not values.is_floating_point():
        return []
    return [values]


def test_all_layers_are_in_the_table() -> None:
    layers = {
        name for name, value in vars(ag.nn).items()
        if isinstance(value, type) and issubclass(value, ag.nn.Module)
    }  # fmt: skip
    tested_elsewhere = {
        "Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict",  # containers
        "AlphaDropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout", "RReLU",  # random
        "TransformerEncoder", "TransformerDecoder",  # in Transformer
        "DataParallel",  # in test_nn_behaviour
        # the same code as their neighbours in the table
        "CircularPad3d", "ConstantPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad3d",
        "ZeroPad1d", "ZeroPad3d",
    }  # fmt: skip
    assert layers - {layer.name for layer in LAYERS} == tested_elsewhere


@pytest.mark.parametrize("layer", LAYERS, ids=identity)
@pytest.mark.filterwarnings(
    "ignore:nn.RNN:UserWarning", "ignore:enable_nested_tensor", "ignore:LSTM with projections"
)
def test_layer(layer: Layer) -> None:
    torch.manual_seed(1)
    mine, theirs = both(layer)
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in mine.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    # Values other than the starting ones, so that ones and zeros do not hide mistakes.
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    load(mine, theirs)
    for training in (True, False):
        mine.train(training)
        theirs.train(training)
        given = [make(source) for source in layer.inputs]
        if layer.name == "ConvTranspose2d" and len(given) > 1:  # the second input is an output size
            given[1] = layer.inputs[1]
        own = [ours(value) for value in given]
        expected, found = theirs(*given), mine(*own)
        close(found, expected, "output")
        close(list(mine.state_dict().values()), list(theirs.state_dict().values()), "state after forward")
        outputs, own_outputs = floating(expected), floating(found)
        gradients = [torch.randn_like(output) for output in outputs]
        wanted = [output.requires_grad for output in outputs]
        assert [output.requires_grad for output in own_outputs] == wanted
        if not any(wanted):
            continue
        torch.autograd.backward(
            [output for output, flag in zip(outputs, wanted, strict=True) if flag],
            [g for g, flag in zip(gradients, wanted, strict=True) if flag],
        )
        ag.autograd.backward(
            [output for output, flag in zip(own_outputs, wanted, strict=True) if flag],
            [ours(g) for g, flag in zip(gradients, wanted, strict=True) if flag],
        )
        for number, (a, b) in enumerate(zip(floating(own), floating(given), strict=True)):
            if b.is_leaf and b.requires_grad:
                close(a.grad, b.grad, f"gradient of input {number}")
        for (name, a), (_, b) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
            close(a.grad, b.grad, f"gradient of {name}")


@pytest.mark.parametrize("weighted", ["CrossEntropyLoss", "NLLLoss"])
def test_class_weights(weighted: str) -> None:
    weight = torch.rand(6)
    x, y = torch.randn(4, 6), torch.randint(6, (4,))
    theirs = getattr(torch.nn, weighted)(weight=weight)
    mine = getattr(ag.nn, weighted)(weight=ours(weight))
    assert list(mine.state_dict()) == list(theirs.state_dict())
    close(mine(ours(x), ours(y)), theirs(x, y), "loss")


MASKS = {
    "padding": {"key_padding_mask": torch.tensor([[False] * 5 + [True] * 2] * 3)},
    "bool": {"attn_mask": torch.triu(torch.ones(5, 7), 1).bool()},
    "floating": {"attn_mask": torch.randn(5, 7)},
    "per head": {"attn_mask": torch.randn(6, 5, 7)},
    "not averaged": {"average_attn_weights": False},
    "no weights": {"need_weights": False, "attn_mask": torch.randn(5, 7)},
    "both": {"attn_mask": torch.randn(5, 7), "key_padding_mask": torch.randn(3, 7)},
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("extra", [{}, {"add_bias_kv": True, "add_zero_attn": True}])
def test_attention_masks(name: str, extra: dict[str, Any]) -> None:
    theirs = torch.nn.MultiheadAttention(8, 2, **extra)
    mine = ag.nn.MultiheadAttention(8, 2, **extra)
    load(mine, theirs)
    q, k, v = torch.randn(5, 3, 8), torch.randn(7, 3, 8), torch.randn(7, 3, 8)
    params = MASKS[name]
    expected = theirs(q, k, v, **params)
    found = mine(ours(q), ours(k), ours(v), **{key: ours(value) for key, value in params.items()})
    close(found, expected, name)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_transformer_masks() -> None:
    theirs, mine = (nn.Transformer(8, 2, 1, 1, 16, dropout=0.0) for nn in (torch.nn, ag.nn))
    load(mine, theirs)
    src, tgt = torch.randn(6, 3, 8), torch.randn(5, 3, 8)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5)
    np.testing.assert_array_equal(ag.nn.Transformer.generate_square_subsequent_mask(5).numpy(), mask.numpy())
    padding = torch.tensor([[False] * 4 + [True] * 2] * 3)
    floats = torch.zeros(3, 6).masked_fill(padding, -math.inf)
    params = {"tgt_mask": mask, "src_key_padding_mask": floats, "memory_key_padding_mask": floats}
    expected = theirs(src, tgt, **params)
    close(
        mine(ours(src), ours(tgt), **{key: ours(value) for key, value in params.items()}), expected, "output"
    )


# -- starting values
# -----------------------------------------------------------------------------------------------------

STARTS = [
    Layer("Linear", (400, 300)),
    Layer("Bilinear", (50, 40, 30)),
    Layer("Conv1d", (40, 60, 5), {"groups": 2}),
    Layer("Conv2d", (40, 60, 3)),
    Layer("ConvTranspose2d", (40, 60, 3)),
    Layer("Embedding", (500, 100), {"padding_idx": 3}),
    Layer("BatchNorm2d", (50,)),
    Layer("LayerNorm", (50,)),
    Layer("PReLU", (50,)),
    Layer("LSTM", (60, 70, 2), {"bidirectional": True}),
    Layer("GRUCell", (60, 70)),
    Layer("MultiheadAttention", (64, 4)),
    Layer("MultiheadAttention", (64, 4), {"kdim": 32, "vdim": 48, "add_bias_kv": True}),
    Layer("Transformer", (32, 4, 1, 1, 64)),
]


def check_distribution(mine: Any, theirs: Any, what: str) -> None:
    """Same mean, spread and largest value, within what the number of samples allows."""
    a, b = mine.detach().numpy().ravel().astype(float), theirs.detach().numpy().ravel().astype(float)
    spread = b.std()
    if spread == 0:
        np.testing.assert_array_equal(a, b, err_msg=what)
        return
    error = 6 * spread / math.sqrt(a.size)
    assert abs(a.mean() - b.mean()) < 2 * error, what
    assert abs(a.std() - spread) < 2 * error, what
    kurtosis = ((b - b.mean()) ** 4).mean() / spread**4
    if kurtosis < 2.2:  # uniform: the bound is sharp
        assert np.abs(a).max() <= np.abs(b).max() * (1 + 10 / a.size), what
        assert np.abs(a).max() >= np.abs(b).max() * (1 - 30 / a.size), what


@pytest.mark.parametrize("layer", STARTS, ids=identity)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_starting_values(layer: Layer) -> None:
    torch.manual_seed(0)
    mine, theirs = both(layer)
    for (name, a), (_, b) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        check_distribution(a, b, name)


INITS = {
    "uniform_": {"a": -2, "b": 3}, "normal_": {"mean": 1, "std": 2},
    "trunc_normal_": {"std": 0.5, "a": -0.7, "b": 1.0},
    "constant_": {"val": 0.3}, "ones_": {}, "zeros_": {}, "eye_": {}, "xavier_uniform_": {"gain": 2},
    "xavier_normal_": {"gain": 2}, "kaiming_uniform_": {"a": 0.5}, "kaiming_normal_": {"mode": "fan_out",
    "nonlinearity": "relu"}, "orthogonal_": {"gain": 2}, "sparse_": {"sparsity": 0.3},
}  # fmt: skip


@pytest.mark.parametrize("name", INITS)
def test_init(name: str) -> None:
    torch.manual_seed(0)
    theirs, mine = torch.empty(200, 150), ag.empty(200, 150)
    getattr(torch.nn.init, name)(theirs, **INITS[name])
    assert getattr(ag.nn.init, name)(mine, **INITS[name]) is mine
    check_distribution(mine, theirs, name)
    if name == "sparse_":
        np.testing.assert_array_equal((mine == 0).sum(0).numpy(), (theirs == 0).sum(0).numpy())


@pytest.mark.parametrize("shape", [(40, 70), (70, 40), (64, 64), (10, 3, 2, 2), (3, 10, 5), (100, 100)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    flat = ag.nn.init.orthogonal_(ag.empty(shape), gain=1.5).reshape(shape[0], -1).numpy()
    square = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(square, 1.5**2 * np.eye(len(square)), atol=1e-5)


@pytest.mark.parametrize(("shape", "groups"), [((4, 3, 5), 1), ((6, 2, 3, 4), 3), ((2, 2, 3, 3, 3), 1)])
def test_dirac(shape: tuple[int, ...], groups: int) -> None:
    expected = torch.nn.init.dirac_(torch.empty(shape), groups)
    np.testing.assert_array_equal(ag.nn.init.dirac_(ag.empty(shape), groups).numpy(), expected.numpy())


@pytest.mark.parametrize(
    ("name", "param"),
    [
        ("linear", None),
        ("tanh", None),
        ("relu", None),
        ("leaky_relu", None),
        ("leaky_relu", 0.3),
        ("selu", None),
    ],
)
def test_gain(name: str, param: Any) -> None:
    assert ag.nn.init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


# -- the same in both libraries
# ----------------------------------------------------------------------------------------------


def model(nn: Any) -> Any:
    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.linear = nn.Linear(width, width)
            self.norm = nn.BatchNorm1d(width)
            self.heads = nn.ModuleList([nn.Linear(width, 2) for _ in range(3)])
            self.named = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Linear(2, 2, bias=False)})
            self.scales = nn.ParameterList(
                [nn.Parameter(self.linear.bias.detach().clone()) for _ in range(2)]
            )
            self.register_buffer("seen", self.linear.bias.detach().clone() * 0, persistent=False)
            self.register_buffer("kept", self.linear.bias.detach().clone())

        def forward(self, x: Any) -> Any:
            x = self.named["a"](self.norm(self.linear(x))) * self.scales[0] + self.scales[1]
            return sum(self.named["b"](head(x)) for head in self.heads)

    return nn.Sequential(nn.Linear(4, 6), nn.Sequential(nn.ReLU(), nn.Dropout(0.0)), Block(6))


def test_model_text_and_names() -> None:
    mine, theirs = model(ag.nn), model(torch.nn)
    text = re.sub(r"torch\.float32", "ag.float32", repr(theirs))
    assert repr(mine) == text
    for method in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(mine, method)()] == [n for n, _ in getattr(theirs, method)()], method
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert dict(mine.state_dict()._metadata) == dict(theirs.state_dict()._metadata)
    assert [n for n, _ in mine.named_parameters(recurse=False)] == []


def test_models_survive_copy_and_pickle() -> None:
    mine = model(ag.nn)[0]
    mine.weight.grad = ag.ones_like(mine.weight.detach())
    for twin in (copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        assert type(twin.weight) is ag.nn.Parameter
        assert twin.weight is not mine.weight
        assert twin.weight.requires_grad
        np.testing.assert_array_equal(twin.weight.detach().numpy(), mine.weight.detach().numpy())
    theirs = torch.nn.Linear(2, 2)
    theirs.weight.grad = torch.ones(2, 2)
    assert copy.deepcopy(theirs).weight.grad is None
    assert copy.deepcopy(mine).weight.grad is None


ERRORS = {
    "missing key": lambda nn, lib: nn.Linear(2, 3).load_state_dict({"weight": nn.Linear(2, 3).weight}),
    "unexpected key": lambda nn, lib: (
        nn.Linear(2, 3, bias=False).load_state_dict(nn.Linear(2, 3).state_dict())
    ),
    "size mismatch": lambda nn, lib: nn.Linear(2, 3).load_state_dict(nn.Linear(2, 4).state_dict()),
    "not a dict": lambda nn, lib: nn.Linear(2, 3).load_state_dict([1]),
    "no such attribute": lambda nn, lib: nn.Linear(2, 3).nothing,
    "no such submodule": lambda nn, lib: nn.Sequential(nn.ReLU()).get_submodule("0.x"),
    "no such parameter": lambda nn, lib: nn.Linear(2, 3).get_parameter("x"),
    "no forward": lambda nn, lib: nn.Module()(1),
    "dotted name": lambda nn, lib: nn.Module().add_module("a.b", nn.ReLU()),
    "empty name": lambda nn, lib: nn.Module().register_parameter("", None),
    "name taken": lambda nn, lib: nn.Linear(2, 3).register_buffer("forward", None),
    "not a module": lambda nn, lib: nn.Sequential(3),
    "tensor as parameter": lambda nn, lib: setattr(nn.Linear(2, 3), "weight", lib.ones(3, 2)),
    "number as module": lambda nn, lib: setattr(nn.Sequential(nn.ReLU()), "0", 3),
    "number as buffer": lambda nn, lib: setattr(nn.BatchNorm1d(3), "running_mean", 3),
    "unknown argument": lambda nn, lib: nn.Module(nothing=1),
    "integer dtype": lambda nn, lib: nn.Linear(2, 3).to(lib.int64),
    "mode": lambda nn, lib: nn.Linear(2, 3).train(3),
    "groups": lambda nn, lib: nn.Conv2d(3, 4, 3, groups=2),
    "padding": lambda nn, lib: nn.Conv2d(3, 4, 3, padding="same", stride=2),
    "rank": lambda nn, lib: nn.BatchNorm2d(3)(lib.ones(2, 3)),
    "channels": lambda nn, lib: nn.GroupNorm(2, 3),
    "heads": lambda nn, lib: nn.MultiheadAttention(5, 2),
    "index": lambda nn, lib: nn.Sequential(nn.ReLU())[3],
    "input size": lambda nn, lib: nn.LSTM(3, 4)(lib.ones(2, 1, 5)),
    "hidden size": lambda nn, lib: nn.GRU(3, 4)(lib.ones(2, 1, 3), lib.ones(1, 2, 4)),
    "init rank": lambda nn, lib: nn.init.xavier_uniform_(lib.ones(3)),
    "nonlinearity": lambda nn, lib: nn.init.calculate_gain("nothing"),
    "fan": lambda nn, lib: nn.init.kaiming_normal_(lib.ones(3, 3), mode="x"),
    "dropout": lambda nn, lib: nn.Dropout(1.5),
    "before init": lambda nn, lib: setattr(nn.Module.__new__(nn.Module), "x", nn.ReLU()),
    "non-leaf": lambda nn, lib: nn.Linear(2, 3).register_parameter("x", nn.Linear(2, 3).weight * 2),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    def outcome(nn: Any, lib: Any) -> tuple[type, str]:
        with pytest.raises(Exception) as caught:
            ERRORS[name](nn, lib)
        return caught.type, str(caught.value)

    their_type, theirs = outcome(torch.nn, torch)
    my_type, mine = outcome(ag.nn, ag)
    assert my_type is their_type, (mine, theirs)

    def words(text: str) -> str:
        text = (
            text.split("\n  at ")[0]
            .replace("torch.Size", "ag.Size")
            .replace("torch.", "")
            .replace("autograd_gpu.", "")
        )
        text = text.replace("ag.", "").replace("nn.modules.", "nn.").strip("'\"")
        return re.sub(r"\s+", " ", text)

    # Ours may go on after PyTorch's sentence, and class paths differ.
    same = words(mine)[:40] == words(theirs)[:40]
    assert same, (mine, theirs)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_full_backward_hooks() -> None:
    def run(lib: Any, replace: bool) -> tuple[Any, ...]:
        nn = lib.nn
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        with lib.no_grad():
            for number, parameter in enumerate(net.parameters()):
                parameter.copy_(lib.arange(parameter.numel()).reshape(parameter.shape) * 0.1 - 0.2 * number)
        seen: list[Any] = []

        def pre(module: Any, grad_output: Any) -> Any:
            seen.append(("pre", grad_output))
            return (grad_output[0] * 2,) if replace else None

        def hook(module: Any, grad_input: Any, grad_output: Any) -> Any:
            seen.append(("in", grad_input))
            seen.append(("out", grad_output))
            return (grad_input[0] * 3,) if replace and grad_input[0] is not None else None

        for layer in net:
            layer.register_full_backward_pre_hook(pre)
            layer.register_full_backward_hook(hook)
        x = lib.tensor([[0.5, -1.0, 2.0]])
        (net(x) ** 2).sum().backward()
        return seen, [parameter.grad for parameter in net.parameters()]

    for replace in (False, True):
        (mine, my_grads), (theirs, their_grads) = run(ag, replace), run(torch, replace)
        assert [kind for kind, _ in mine] == [kind for kind, _ in theirs]
        for (kind, a), (_, b) in zip(mine, theirs, strict=True):
            close(a, b, kind)
        close(my_grads, their_grads, "parameters")


def test_clipping() -> None:
    shapes = [(3, 4), (5,), (2, 2, 2)]
    for norm_type, most in [(2.0, 0.5), (1.0, 3.0), (math.inf, 0.1), (3.0, 1e9)]:
        theirs = [torch.nn.Parameter(torch.zeros(shape)) for shape in shapes]
        for parameter in theirs[:2]:
            parameter.grad = torch.randn(parameter.shape)
        mine = [ag.nn.Parameter(ag.zeros(shape)) for shape in shapes]
        for a, b in zip(mine[:2], theirs[:2], strict=True):
            a.grad = ours(b.grad)
        expected = torch.nn.utils.clip_grad_norm_(theirs, most, norm_type)
        close(ag.nn.utils.clip_grad_norm_(mine, most, norm_type), expected, "norm")
        close([a.grad for a in mine], [b.grad for b in theirs], f"norm {norm_type}")
        torch.nn.utils.clip_grad_value_(theirs, 0.05)
        ag.nn.utils.clip_grad_value_(mine, 0.05)
        close([a.grad for a in mine], [b.grad for b in theirs], "value")
    mine[0].grad = ag.full((3, 4), math.nan)
    with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
        ag.nn.utils.clip_grad_norm_(mine, 1.0, error_if_nonfinite=True)


def test_margin_losses_with_weights() -> None:
    scores, weight = torch.randn(5, 4), torch.rand(4)
    several, single = torch.randint(2, (5, 4)).float(), torch.randint(4, (5,))
    for name, target in (("MultiLabelSoftMarginLoss", several), ("MultiMarginLoss", single)):
        theirs = getattr(torch.nn, name)(weight=weight)
        mine = getattr(ag.nn, name)(weight=ours(weight))
        assert list(mine.state_dict()) == list(theirs.state_dict())
        close(mine(ours(scores), ours(target)), theirs(scores, target), name)


@pytest.mark.parametrize("function", ["gumbel_softmax", "rrelu"])
def test_noise_has_its_distribution(function: str) -> None:
    ag.manual_seed(0)
    if function == "gumbel_softmax":
        logits = ag.tensor([0.0, 1.0, 2.0]).expand(20000, 3)
        hard = ag.nn.functional.gumbel_softmax(logits, hard=True)
        assert hard.sum(1).eq(1).all()
        close(hard.mean(0), torch.tensor([0.0, 1.0, 2.0]).softmax(0), "frequencies", atol=0.02)
        soft = ag.nn.functional.gumbel_softmax(logits.clone().requires_grad_(), tau=0.5)
        close(soft.sum(1), torch.ones(20000), "probabilities")
        assert soft.requires_grad
    else:
        x = ag.full((20000,), -1.0)
        slopes = -ag.nn.RReLU(0.1, 0.3)(x)
        assert slopes.min() >= 0.1
        assert slopes.max() <= 0.3
        close(slopes.mean(), torch.tensor(0.2), "mean", atol=0.002)
        assert ag.nn.RReLU()(ag.ones(3)).tolist() == [1.0] * 3
