"""PyTorch's word on the losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402
from autograd_gpu.core.op import Op  # noqa: E402
from autograd_gpu.ops import cross_entropy, loss, softmax  # noqa: E402
from tests.judge.agreement import agree, refuse  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using a target size:UserWarning"),
    pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning"),
    pytest.mark.filterwarnings("ignore:size_average and reduce args:UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning:autograd_gpu"),
]
REDUCTIONS = ["mean", "sum", "none"]


def both(name: str) -> tuple[Any, Any]:
    for module in (cross_entropy, loss, softmax):
        if hasattr(module, name):
            ours = getattr(module, name)
            return ours.public if isinstance(ours, Op) else ours, getattr(torch.nn.functional, name)
    raise AttributeError(name)


def random(*shape: int, seed: int = 0, low: float = -2, high: float = 2) -> Any:
    return np.asarray(np.random.default_rng(seed).uniform(low, high, shape))


def probability(*shape: int, seed: int = 0) -> Any:
    return random(*shape, seed=seed, low=0.05, high=0.95)


def signs(*shape: int) -> Any:
    return np.where(random(*shape, seed=5) > 0, 1, -1)


X, Y = random(5, 4), random(5, 4, seed=1)
LABELS = np.array([0, 3, 1, 2, 2])
SOME_IGNORED = np.array([0, -100, 1, 2, -100])
CLASSIFIED = [
    (X, LABELS), (X, LABELS.astype(np.uint8)), (X[0], np.array(2)), (X, SOME_IGNORED),
    (random(2, 3, 4), np.array([[0, 1, 2, 1], [2, 2, 0, 1]])), (random(1, 3, 2, 2), np.array([[[0, 1], [2,
    2]]])),
]  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("number", range(len(CLASSIFIED)))
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}], ids=["sharp", "smoothed"])
def test_cross_entropy(options: dict[str, Any], number: int, reduction: str) -> None:
    x, labels = CLASSIFIED[number]
    ours, theirs = both("cross_entropy")
    agree(ours, theirs, x, labels, reduction=reduction, **options)
    if labels.dtype == np.uint8 and options:
        return  # with weights and smoothing PyTorch does not take uint8
    weight = random(x.shape[0 if x.ndim == 1 else 1], seed=3, low=0.2)
    agree(ours, theirs, x, labels, weight, reduction=reduction, grad=(0,), **options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("number", range(len(CLASSIFIED)))
def test_nll_loss(number: int, reduction: str) -> None:
    x, labels = CLASSIFIED[number]
    agree(*both("nll_loss"), x, labels, reduction=reduction)
    weight = random(x.shape[0 if x.ndim == 1 else 1], seed=3, low=0.2)
    agree(*both("nll_loss"), x, labels, weight, reduction=reduction, grad=(0,))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}], ids=["sharp", "smoothed"])
def test_cross_entropy_of_probabilities(options: dict[str, Any], reduction: str) -> None:
    ours, theirs = both("cross_entropy")
    weight = random(4, seed=3, low=0.2)
    agree(ours, theirs, X, probability(5, 4), reduction=reduction, **options)
    agree(ours, theirs, X[0], probability(4), reduction=reduction, **options)
    agree(ours, theirs, X, probability(5, 4), weight, reduction=reduction, grad=(0, 1), **options)
    agree(ours, theirs, random(2, 3, 4), probability(2, 3, 4), reduction=reduction, **options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_classifiers_at_the_limits(name: str, reduction: str) -> None:
    nothing_counts = np.full(5, -100)
    agree(*both(name), X, nothing_counts, reduction=reduction, order=1)
    agree(*both(name), X, LABELS, ignore_index=2, reduction=reduction)
    agree(*both(name), np.zeros((0, 4)), np.zeros(0, np.int64), reduction=reduction, order=1)
    agree(*both(name), (X * 1000).astype(np.float32), LABELS, reduction=reduction, order=1, tolerance=1e-5)
    agree(*both(name), X.astype(np.float16), LABELS, reduction=reduction, order=1, tolerance=2e-3)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_distances(name: str, reduction: str) -> None:
    agree(*both(name), X, Y, reduction=reduction)
    agree(*both(name), X, Y[0], reduction=reduction)
    agree(*both(name), random(), random(seed=1), reduction=reduction)
    agree(*both(name), X, X.copy(), reduction=reduction)
    agree(*both(name), np.zeros((0, 3)), np.zeros((0, 3)), reduction=reduction, order=1)
    if name != "huber_loss":  # PyTorch forgets to promote there
        agree(*both(name), X.astype(np.float32), Y, reduction=reduction, tolerance=1e-6)
    if name != "smooth_l1_loss":
        agree(*both(name), X, Y, weight=None, reduction=reduction)
    for parameter, values in (
        {"smooth_l1_loss": ("beta", (0.5, 0)), "huber_loss": ("delta", (0.5,))}.get(name, ("", ())),
    ):
        for value in values:
            agree(*both(name), X, Y, reduction=reduction, **{parameter: value})


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_probabilities(reduction: str) -> None:
    p, q, weight = probability(5, 4), probability(5, 4, seed=1), random(4, seed=3, low=0.2)
    agree(*both("binary_cross_entropy"), p, q, reduction=reduction)
    agree(*both("binary_cross_entropy"), p, q, weight, reduction=reduction, grad=(0, 1))
    certain = np.array([0.0, 1, 0, 1]), np.array([1.0, 0, 0, 1])
    agree(*both("binary_cross_entropy"), *certain, reduction=reduction, order=1, grad=(0,), tolerance=1e-6)
    ours, theirs = both("binary_cross_entropy_with_logits")
    agree(ours, theirs, X, q, reduction=reduction)
    agree(ours, theirs, X, q, weight, reduction=reduction, grad=(0, 1))
    agree(ours, theirs, X, q, None, None, None, reduction, weight, grad=(0, 1))
    agree(ours, theirs, np.array([1000.0, -1000, 0]), np.array([1.0, 0, 0.5]), reduction=reduction, order=1)
    for log_target in (False, True):
        agree(*both("kl_div"), X, p, log_target=log_target, reduction=reduction)
    agree(*both("kl_div"), X, p[0], reduction=reduction)
    agree(*both("kl_div"), X, p, reduction="batchmean")


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_likelihoods(reduction: str) -> None:
    x, y = np.abs(X), np.abs(Y)
    for full in (False, True):
        for log_input in (False, True):
            agree(*both("poisson_nll_loss"), x, y, full=full, log_input=log_input, reduction=reduction)
        agree(*both("gaussian_nll_loss"), X, Y, probability(5, 4), full=full, reduction=reduction)
    for variance in (probability(5), probability(5, 1), 0.3, np.zeros((5, 4))):
        agree(*both("gaussian_nll_loss"), X, Y, variance, reduction=reduction)
    agree(*both("soft_margin_loss"), X, signs(5, 4), reduction=reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_embeddings_and_rankings(reduction: str) -> None:
    for margin in (0.3, 1.0):
        agree(*both("hinge_embedding_loss"), X, signs(5, 4), margin=margin, reduction=reduction)
        agree(*both("margin_ranking_loss"), X, Y, signs(5, 4), margin=margin, reduction=reduction)
        agree(*both("cosine_embedding_loss"), X, Y, signs(5), margin=margin, reduction=reduction)
    agree(*both("cosine_embedding_loss"), X[0], Y[0], np.array(1), reduction=reduction)
    for swap in (False, True):
        for p in (1, 2, 3):
            agree(
                *both("triplet_margin_loss"), X, Y, random(5, 4, seed=2), swap=swap, p=p, reduction=reduction
            )


def test_similarities() -> None:
    for dim in (0, 1, -1):
        agree(*both("cosine_similarity"), X, Y, dim=dim)
    agree(*both("cosine_similarity"), X, Y[0])
    agree(*both("cosine_similarity"), X * 0, Y, order=1)  # PyTorch's second derivative there is NaN
    agree(*both("cosine_similarity"), np.arange(6).reshape(2, 3), random(2, 3))
    agree(*both("pairwise_distance"), X, Y)
    agree(*both("pairwise_distance"), X, Y[0], p=1.0, keepdim=True)
    agree(*both("softmin"), X, dim=1)


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("cross_entropy", (X, LABELS[:3]), {}), ("cross_entropy", (X, LABELS + 1), {}),
        ("cross_entropy", (X, LABELS - 1), {}), ("cross_entropy", (X, LABELS, random(3)), {}),
        ("cross_entropy", (X, LABELS.astype(float)), {}), ("cross_entropy", (X, LABELS.astype(np.int32)), {}),
        ("cross_entropy", (X, Y), {"ignore_index": 1}), ("cross_entropy", (X, LABELS), {"reduction": "avg"}),
        ("cross_entropy", (X, LABELS), {"label_smoothing": 1.5}),
        ("cross_entropy", (random(2, 3, 4), np.zeros((2, 5), np.int64)), {}),
        ("cross_entropy", (X, LABELS, random(4).astype(np.float32)), {}),
        ("nll_loss", (X, LABELS[:3]), {}), ("nll_loss", (X, LABELS + 1), {}), ("nll_loss", (random(),
        np.array(0)), {}), ("mse_loss", (X, random(2, 4)), {}), ("mse_loss", (X, X), {"reduction": "avg"}),
        ("smooth_l1_loss", (X, X), {"beta": -1}), ("huber_loss", (X, X), {"delta": 0}),
        ("binary_cross_entropy", (X * 10, Y), {}), ("binary_cross_entropy", (probability(2), probability(3)),
        {}), ("binary_cross_entropy_with_logits", (random(2), random(3)), {}),
        ("cosine_embedding_loss", (X, Y[0], signs(5)), {}), ("cosine_embedding_loss", (X, Y, signs(5, 1)),
        {}), ("margin_ranking_loss", (X, Y[0], Y[0]), {}), ("triplet_margin_loss", (X, Y, X[0]), {}),
        ("triplet_margin_loss", (X, Y, X), {"margin": -1}), ("gaussian_nll_loss", (X, Y, -np.ones((5, 4))),
        {}), ("gaussian_nll_loss", (X, Y, np.ones((2, 1))), {}),
        ("cosine_similarity", (np.ones((2, 2), np.int64), np.ones((2, 2), np.int64)), {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_errors_in_the_same_words(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    refuse(*both(name), *arguments, **options)


def test_the_node_is_called_as_in_pytorch() -> None:
    def last(library: Any, function: Any) -> str:
        x = library.ones(2, 3, requires_grad=True)
        return str(function(x, library.tensor([0, 1])).grad_fn.name())

    for name in ("cross_entropy", "nll_loss"):
        ours, theirs = both(name)
        assert last(ag, ours) == last(torch, theirs)
