"""The functions behind the layers, for type checkers and editors.

Written by `python -m autograd_gpu.testing.stubs`; do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.tensor_methods import Dims, DTypeLike, Operand, Sizes

def adaptive_avg_pool1d(input: Tensor, output_size: _int | Sequence[_int | None]) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size
    / m)).
    """

def adaptive_avg_pool2d(input: Tensor, output_size: _int | Sequence[_int | None]) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size
    / m)).
    """

def adaptive_avg_pool3d(input: Tensor, output_size: _int | Sequence[_int | None]) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size
    / m)).
    """

@overload
def adaptive_max_pool1d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: Literal[False] = False
) -> Tensor:
    """Maxima of the windows of `adaptive_avg_pool1d`, and with `return_indices` where they are (as
    `max_pool1d` has it).
    """

@overload
def adaptive_max_pool1d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: Literal[True]
) -> tuple[Tensor, Tensor]: ...
@overload
def adaptive_max_pool1d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: _bool
) -> Any: ...
@overload
def adaptive_max_pool2d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: Literal[False] = False
) -> Tensor:
    """Maxima of the windows of `adaptive_avg_pool2d`, and with `return_indices` where they are (as
    `max_pool2d` has it).
    """

@overload
def adaptive_max_pool2d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: Literal[True]
) -> tuple[Tensor, Tensor]: ...
@overload
def adaptive_max_pool2d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: _bool
) -> Any: ...
@overload
def adaptive_max_pool3d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: Literal[False] = False
) -> Tensor:
    """Maxima of the windows of `adaptive_avg_pool3d`, and with `return_indices` where they are (as
    `max_pool3d` has it).
    """

@overload
def adaptive_max_pool3d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: Literal[True]
) -> tuple[Tensor, Tensor]: ...
@overload
def adaptive_max_pool3d(
    input: Tensor, output_size: _int | Sequence[_int | None], return_indices: _bool
) -> Any: ...
def affine_grid(theta: Tensor, size: Sequence[_int], align_corners: _bool | None = None) -> Tensor:
    """The places of `grid_sample` that an affine map says."""

def alpha_dropout(input: Tensor, p: _float = 0.5, training: _bool = False, inplace: _bool = False) -> Tensor:
    """Dropout for SELU networks (G."""

def avg_pool1d(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    ceil_mode: _bool = False,
    count_include_pad: _bool = True,
) -> Tensor:
    """The mean of each window."""

def avg_pool2d(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    ceil_mode: _bool = False,
    count_include_pad: _bool = True,
    divisor_override: _int | None = None,
) -> Tensor:
    """The mean of each window."""

def avg_pool3d(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    ceil_mode: _bool = False,
    count_include_pad: _bool = True,
    divisor_override: _int | None = None,
) -> Tensor:
    """The mean of each window."""

def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: _bool = False,
    momentum: _float = 0.1,
    eps: _float = 1e-05,
) -> Tensor:
    """Batch normalisation (S."""

def bias_activation(input: Tensor, bias: Tensor, activation: str = "gelu") -> Tensor:
    """``activation(input + bias)``: what follows a matrix product in most networks, without a sum in
    memory.
    """

def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``result[..., o] = sum over i, j of input1[..., i] weight[o, i, j] input2[..., j]``, plus `bias`
    (o).
    """

def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-(target log(input) + (1 - target) log(1 - input))``; logarithms are at least -100."""

def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, computed without overflow."""

def celu(input: Tensor, alpha: _float = 1.0, inplace: _bool = False) -> Tensor:
    """`max(input, 0) + min(0, alpha * (exp(input / alpha) - 1))`."""

def celu_(input: Tensor, alpha: _float = 1.0) -> Tensor:
    """In-place form of `celu`."""

def channel_shuffle(input: Tensor, groups: _int) -> Tensor:
    """Channels (dimension 1) dealt out anew: of each group the first, then of each the second, and so on."""

def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] | str = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 1 spatial dimension."""

def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] | str = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 2 spatial dimensions."""

def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] | str = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 3 spatial dimensions."""

def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
) -> Tensor:
    """Transposed convolution over 1 spatial dimension (M."""

def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
) -> Tensor:
    """Transposed convolution over 2 spatial dimensions (M."""

def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
) -> Tensor:
    """Transposed convolution over 3 spatial dimensions (M."""

def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: _float = 0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos(input1, input2)`` where `target` is 1, ``max(0, cos - margin)`` where it is -1."""

def cosine_similarity(
    x1: Tensor, x2: Tensor, dim: _int = 1, eps: _float = 1e-08, *, axis: _int = ...
) -> Tensor:
    """``x1 ."""

def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    ignore_index: _int = -100,
    reduce: _bool | None = None,
    reduction: str = "mean",
    label_smoothing: _float = 0.0,
) -> Tensor:
    """Cross-entropy between the softmax of `input` and `target`: ``-log(softmax(input)[target])`` for
    class indices, ``-sum(target * log(softmax(input)))`` for probabilities.
    """

def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: _int = 0,
    reduction: str = "mean",
    zero_infinity: _bool = False,
) -> Tensor:
    """Minus the logarithm of the probability of all alignments of labels with frames (Graves et al.,
    2006).
    """

def dropout(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor:
    """Each element becomes 0 with probability `p`, else ``element / (1 - p)`` (G."""

def dropout1d(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, length)`` or ``(c, length)``; arguments as for `dropout`."""

def dropout2d(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, height, width)`` (J."""

def dropout3d(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, depth, height, width)``; arguments as for `dropout`."""

def elu(
    input: Tensor,
    alpha: _float = 1.0,
    inplace: _bool = False,
    *,
    scale: _float = 1.0,
    input_scale: _float = 1.0,
) -> Tensor:
    """`input` where it is positive, else `alpha * (exp(input) - 1)`."""

def elu_(input: Tensor, alpha: _float = 1.0, *, scale: _float = 1.0, input_scale: _float = 1.0) -> Tensor:
    """In-place form of `elu`."""

def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: _int | None = None,
    max_norm: _float | None = None,
    norm_type: _float = 2.0,
    scale_grad_by_freq: _bool = False,
    sparse: _bool = False,
) -> Tensor:
    """The rows of `weight` that `input` names: ``(*, width)`` for indices ``(*)``."""

def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: _float | None = None,
    norm_type: _float = 2,
    scale_grad_by_freq: _bool = False,
    mode: str = "mean",
    sparse: _bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: _bool = False,
    padding_idx: _int | None = None,
) -> Tensor:
    """The sum, mean or maximum of each bag of rows of `weight`."""

def feature_alpha_dropout(
    input: Tensor, p: _float = 0.5, training: _bool = False, inplace: _bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels of ``(n, c, ...)``."""

def fold(
    input: Tensor,
    output_size: _int | Sequence[_int],
    kernel_size: _int | Sequence[_int],
    dilation: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    stride: _int | Sequence[_int] = 1,
) -> Tensor:
    """Columns added up where their windows are: the adjoint of `unfold`."""

def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | _float,
    full: _bool = False,
    eps: _float = 1e-06,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of `target` under normal distributions with mean `input` and variance `var`."""

def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """`input * Phi(input)`, where Phi is the distribution function of the normal distribution."""

def glu(input: Tensor, dim: _int = -1) -> Tensor:
    """The gated linear unit: the first half along `dim` times the sigmoid of the second half."""

def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: _bool | None = None,
) -> Tensor:
    """`input` at the places that `grid` says."""

def group_norm(
    input: Tensor,
    num_groups: _int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _float = 1e-05,
) -> Tensor:
    """Group normalisation (Y."""

def gumbel_softmax(
    logits: Tensor, tau: _float = 1, hard: _bool = False, eps: _float = 1e-10, dim: _int = -1
) -> Tensor:
    """Samples of a relaxed categorical distribution: the softmax of `logits` with Gumbel noise (Jang et
    al., 2017).
    """

def hardshrink(input: Tensor, lambd: _float = 0.5) -> Tensor:
    """`input`, but 0 between `-lambd` and `lambd`, the two included."""

def hardsigmoid(input: Operand, inplace: _bool = False) -> Tensor:
    """`relu6(input + 3) / 6`: a sigmoid made of lines."""

def hardsigmoid_(input: Operand) -> Tensor:
    """In-place form of `hardsigmoid`."""

def hardswish(input: Operand, inplace: _bool = False) -> Tensor:
    """`input * relu6(input + 3) / 6`."""

def hardswish_(input: Operand) -> Tensor:
    """In-place form of `hardswish`."""

def hardtanh(input: Tensor, min_val: _float = -1.0, max_val: _float = 1.0, inplace: _bool = False) -> Tensor:
    """`input`, but not below `min_val` and not above `max_val`."""

def hardtanh_(input: Tensor, min_val: _float = -1.0, max_val: _float = 1.0) -> Tensor:
    """In-place form of `hardtanh`."""

def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: _float = 1.0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`input` where `target` is 1, ``max(0, margin - input)`` where it is -1 (elsewhere both)."""

def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: _float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``d^2 / 2`` for distances d up to `delta`, else ``delta (d - delta / 2)``."""

def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: _bool = True,
    momentum: _float = 0.1,
    eps: _float = 1e-05,
) -> Tensor:
    """Instance normalisation (D."""

def interpolate(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: _bool | None = None,
    recompute_scale_factor: _bool | None = None,
    antialias: _bool = False,
) -> Tensor:
    """`input` (n, c, *places) in another size."""

def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    log_target: _bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence ``target (log(target) - input)``; `input` holds log-probabilities."""

def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``|input - target|``; its derivative at zero is zero."""

def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[_int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _float = 1e-05,
) -> Tensor:
    """Layer normalisation (J."""

def leaky_relu(input: Tensor, negative_slope: _float = 0.01, inplace: _bool = False) -> Tensor:
    """`input` where it is positive, else `negative_slope * input`."""

def leaky_relu_(input: Tensor, negative_slope: _float = 0.01) -> Tensor:
    """In-place form of `leaky_relu`."""

def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: a layer's outputs (..., n) from inputs (..., k), weights (n, k) and
    optional biases (n).
    """

def local_response_norm(
    input: Tensor, size: _int, alpha: _float = 0.0001, beta: _float = 0.75, k: _float = 1.0
) -> Tensor:
    """``x / (k + alpha * mean of x² over `size` neighbouring channels)^beta`` (Krizhevsky et al., 2012)."""

def log_softmax(
    input: Tensor, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
) -> Tensor:
    """The logarithm of `ag.softmax`, without overflow and exact where the softmax is tiny."""

def logsigmoid(input: Operand) -> Tensor:
    """`log(sigmoid(input))`, without underflow."""

def lp_pool1d(
    input: Tensor,
    norm_type: _float,
    kernel_size: Any,
    stride: _int | Sequence[_int] | None = None,
    ceil_mode: _bool = False,
) -> Tensor:
    """``(sum of x^norm_type over each window)^(1 / norm_type)``, windows along the last dimension."""

def lp_pool2d(
    input: Tensor,
    norm_type: _float,
    kernel_size: Any,
    stride: _int | Sequence[_int] | None = None,
    ceil_mode: _bool = False,
) -> Tensor:
    """`lp_pool1d` for windows in the last two dimensions."""

def lp_pool3d(
    input: Tensor,
    norm_type: _float,
    kernel_size: Any,
    stride: _int | Sequence[_int] | None = None,
    ceil_mode: _bool = False,
) -> Tensor:
    """`lp_pool1d` for windows in the last three dimensions."""

def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: _float = 0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target (input1 - input2) + margin)``: target 1 wants `input1` larger, -1 `input2`."""

@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: Literal[False] = False,
) -> Tensor:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken."""

@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
) -> Any: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: Literal[False] = False,
) -> Tensor:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken."""

@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
) -> Any: ...
@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: Literal[False] = False,
) -> Tensor:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken."""

@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
) -> Any: ...
def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: _int | Sequence[_int] | None = None,
    padding: Any = 0,
    output_size: _int | Sequence[_int | None] | None = None,
) -> Tensor:
    """Zeros with the maxima of `max_pool1d` where they were, as the indices say that it returned."""

def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: _int | Sequence[_int] | None = None,
    padding: Any = 0,
    output_size: _int | Sequence[_int | None] | None = None,
) -> Tensor:
    """`max_unpool1d` for `max_pool2d`."""

def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: _int | Sequence[_int] | None = None,
    padding: Any = 0,
    output_size: _int | Sequence[_int | None] | None = None,
) -> Tensor:
    """`max_unpool1d` for `max_pool3d`."""

def mish(input: Operand, inplace: _bool = False) -> Tensor:
    """`input * tanh(softplus(input))`."""

def mish_(input: Operand) -> Tensor:
    """In-place form of `mish`."""

def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target)^2``."""

def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: _int = 1,
    margin: _float = 1.0,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum over i != y of weight[y] max(0, margin - x[y] + x[i])^p / classes``."""

def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum over right j and wrong i of max(0, 1 - (x[y_j] - x[i])) / classes``."""

def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of ``-w (y log sigmoid(x) + (1 - y) log sigmoid(-x))``."""

def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    ignore_index: _int = -100,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood: ``-input[target]`` times the weight of the class."""

def normalize(input: Tensor, p: _float = 2.0, dim: Dims = 1, eps: _float = 1e-12) -> Tensor:
    """``input / max(norm, eps)`` with the `p`-norm over `dim` (an int or a tuple)."""

def one_hot(tensor: Tensor, num_classes: _int = -1) -> Tensor:
    """int64 vectors ``(*, num_classes)`` of zeros with a 1 at the place that each element of `tensor`
    says.
    """

def pad(input: Tensor, pad: Sequence[_int], mode: str = "constant", value: Operand | None = None) -> Tensor:
    """`input` with a border."""

def pairwise_distance(
    x1: Tensor, x2: Tensor, p: _float = 2.0, eps: _float = 1e-06, keepdim: _bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dimension, after broadcasting."""

def pixel_shuffle(input: Tensor, upscale_factor: _int) -> Tensor:
    """Channels as pixels: ``(*, c r², h, w)`` to ``(*, c, h r, w r)``."""

def pixel_unshuffle(input: Tensor, downscale_factor: _int) -> Tensor:
    """Pixels as channels: ``(*, c, h r, w r)`` to ``(*, c r², h, w)``; undoes `pixel_shuffle`."""

def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: _bool = True,
    full: _bool = False,
    size_average: _bool | None = None,
    eps: _float = 1e-08,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of counts `target` under Poisson distributions with rate ``exp(input)``, or
    `input`.
    """

def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """`input` where it is positive, else `weight * input`."""

def relu(input: Operand, inplace: _bool = False) -> Tensor:
    """`max(input, 0)`; NaN stays NaN."""

def relu6(input: Tensor, inplace: _bool = False) -> Tensor:
    """`min(max(input, 0), 6)`."""

def relu6_(input: Tensor) -> Tensor:
    """In-place form of `relu6`."""

def relu_(input: Operand) -> Tensor:
    """In-place form of `relu`."""

def rms_norm(
    input: Tensor, normalized_shape: Sequence[_int], weight: Tensor | None = None, eps: _float | None = None
) -> Tensor:
    """Root-mean-square normalisation (B."""

def rrelu(
    input: Tensor,
    lower: _float = 0.125,
    upper: _float = 0.3333333333333333,
    training: _bool = False,
    inplace: _bool = False,
) -> Tensor:
    """A leaky ReLU whose slope below zero is drawn for each element from [lower, upper); their mean if not
    `training`.
    """

def rrelu_(
    input: Tensor, lower: _float = 0.125, upper: _float = 0.3333333333333333, training: _bool = False
) -> Tensor:
    """In-place form of `rrelu`."""

def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: _float = 0.0,
    is_causal: _bool = False,
    scale: _float | None = None,
    enable_gqa: _bool = False,
) -> Tensor:
    """``softmax(query @ key^T * scale + mask) @ value`` (A."""

def selu(input: Tensor, inplace: _bool = False) -> Tensor:
    """`elu` with the scales that keep mean 0 and variance 1 from layer to layer."""

def selu_(input: Tensor) -> Tensor:
    """In-place form of `selu`."""

def sigmoid(input: Operand) -> Tensor:
    """`1 / (1 + exp(-input))`."""

def silu(input: Operand, inplace: _bool = False) -> Tensor:
    """`input * sigmoid(input)`, also called swish."""

def silu_(input: Operand) -> Tensor:
    """In-place form of `silu`."""

def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    beta: _float = 1.0,
) -> Tensor:
    """``d^2 / (2 beta)`` for distances d below `beta`, else ``d - beta / 2``; with ``beta=0`` the L1 loss."""

def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))`` for targets 1 and -1, without overflow."""

def softmax(
    input: Tensor, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `dim`: positive numbers that add up to one."""

def softmin(
    input: Tensor, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
) -> Tensor:
    """The softmax of ``-input``."""

def softplus(input: Tensor, beta: _float = 1.0, threshold: _float = 20.0) -> Tensor:
    """`log(1 + exp(beta * input)) / beta`: a smooth relu."""

def softshrink(input: Tensor, lambd: _float = 0.5) -> Tensor:
    """`input` moved towards zero by `lambd`, and 0 between `-lambd` and `lambd`, the two included."""

def softsign(input: Operand) -> Tensor:
    """`input / (1 + abs(input))`."""

def tanh(input: Operand) -> Tensor:
    """The hyperbolic tangent."""

def tanhshrink(input: Operand) -> Tensor:
    """`input - tanh(input)`."""

def threshold(input: Tensor, threshold: _float, value: _float, inplace: _bool = False) -> Tensor:
    """`input` where it is above `threshold`, else `value`."""

def threshold_(input: Tensor, threshold: _float, value: _float) -> Tensor:
    """In-place form of `threshold`."""

def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: _float = 1.0,
    p: _float = 2,
    eps: _float = 1e-06,
    swap: _bool = False,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)`` with the distance
    `ag.pairwise_distance`.
    """

def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: _float = 1.0,
    swap: _bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(a, p) - d(a, n) + margin)`` with a distance of one's own."""

def unfold(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    dilation: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    stride: _int | Sequence[_int] = 1,
) -> Tensor:
    """The windows of images as columns."""

def upsample(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
) -> Tensor:
    """`interpolate` under its old name."""

def upsample_bilinear(input: Tensor, size: Sizes | None = None, scale_factor: Any = None) -> Tensor:
    """Bilinear `interpolate` with ``align_corners=True``, under its old name."""

def upsample_nearest(input: Tensor, size: Sizes | None = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with the nearest neighbour, under its old name."""
