"""L-BFGS, a quasi-Newton method for full batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.modes import enable_grad, no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.optim.optimizer import Optimizer, check_lr, number

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Steps along an approximation of Newton's direction, made of the last steps and changes of the gradient. A step calls
    the closure several times.

    Args:
        params: the parameters, one group, all on one device; may be complex.
        lr: the length of steps (without line search), or the first length tried.
        max_iter: iterations per step.
        max_eval: calls of the closure per step; by default ``max_iter * 5 // 4``.
        tolerance_grad: stop when no element of the gradient is larger.
        tolerance_change: stop when loss or parameters change less.
        history_size: how many steps are remembered, each as large as two copies of the parameters.
        line_search_fn: None or "strong_wolfe".

    Raises:
        ValueError: more than one group, a negative lr.
        RuntimeError: another line search.

    Source: J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithms 7.5, 3.5 and 3.6, as in PyTorch, which follows
    M. Schmidt's minFunc.

    >>> w = ag.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = ag.optim.LBFGS([w], lr=0.5)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((w - 1) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(13., grad_fn=<SumBackward0>)
    >>> w
    tensor([1.0000, 1.0000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(f"LBFGS doesn't support per-parameter options (parameter groups){errors.here()}")

    # -- the parameters as one vector ----------------------------------------------------------------------------

    @property
    def _params(self) -> list[Tensor]:
        found: list[Tensor] = self.param_groups[0]["params"]
        return found

    def _gradient(self) -> Tensor:
        parts = []
        for p in self._params:
            g = FUNCTIONS["zeros_like"](p.detach()) if p._grad is None else p._grad.detach()
            parts.append((FUNCTIONS["view_as_real"](g) if g.is_complex() else g).reshape(-1))
        return FUNCTIONS["cat"](parts)  # type: ignore[no-any-return]

    def _move(self, length: Any, direction: Tensor) -> None:
        start = 0
        for param in self._params:
            p = param.detach()
            if p.is_complex():
                p = FUNCTIONS["view_as_real"](p)
            p.add_(direction[start : start + p.numel()].reshape(p.shape), alpha=float(length))
            start += p.numel()

    def _try(
        self, closure: Callable[[], Any], start: list[Tensor], length: Any, direction: Tensor
    ) -> tuple[float, Tensor]:
        """Loss and gradient at a place along the direction; the parameters come back to the start."""
        self._move(length, direction)
        loss = float(closure())
        gradient = self._gradient()
        for param, value in zip(self._params, start, strict=True):
            param.detach().copy_(value)
        return loss, gradient

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate; `closure` (required) clears the gradients, computes the loss and its gradients, and returns the loss.
        Returns the first loss."""
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        evaluate: Callable[[], Any] = enable_grad()(closure)
        group = self.param_groups[0]
        lr, max_iter, max_eval = number(group["lr"]), group["max_iter"], group["max_eval"]
        smallest_change = group["tolerance_change"]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = evaluate()
        loss = float(first_loss)
        calls = 1
        state["func_evals"] += 1
        gradient = self._gradient()
        if float(gradient.abs().max()) <= group["tolerance_grad"]:
            return first_loss

        for iteration in range(1, max_iter + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            state["prev_flat_grad"] = gradient.clone()
            loss_before = loss
            length = lr
            if state["n_iter"] == 1:
                length = min(1.0, 1.0 / float(gradient.abs().sum())) * lr
            slope = float(gradient.dot(direction))
            state["d"], state["t"], state["prev_loss"] = direction, length, loss_before
            if slope > -smallest_change:
                break
            new_calls = 0
            optimal = False
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError(f"only 'strong_wolfe' is supported{errors.here()}")
                start = [p.detach().clone() for p in self._params]

                def along(t: Any, start: list[Tensor] = start, d: Tensor = direction) -> tuple[float, Tensor]:
                    return self._try(evaluate, start, t, d)

                loss, gradient, length, new_calls = strong_wolfe(
                    along, length, direction, loss, gradient, slope,
                    smallest_change=smallest_change, most=max_eval - calls,
                )  # fmt: skip
                self._move(length, direction)
                state["t"] = length
                optimal = float(gradient.abs().max()) <= group["tolerance_grad"]
            else:
                self._move(length, direction)
                if iteration != max_iter:  # the last one's loss would not be used
                    loss = float(evaluate())
                    gradient = self._gradient()
                    optimal = float(gradient.abs().max()) <= group["tolerance_grad"]
                    new_calls = 1
            calls += new_calls
            state["func_evals"] += new_calls
            if (
                calls >= max_eval
                or optimal
                or float((direction * length).abs().max()) <= smallest_change
                or abs(loss - loss_before) < smallest_change
            ):
                break
        return first_loss

    def _direction(self, state: dict[str, Any], gradient: Tensor, history_size: int) -> Tensor:
        """Minus the approximate inverse of the Hessian times the gradient, by two loops over the history."""
        if state["n_iter"] == 1:
            state["old_dirs"], state["old_stps"], state["ro"], state["H_diag"] = [], [], [], 1.0
            return gradient.neg()
        changes, steps, weights = state["old_dirs"], state["old_stps"], state["ro"]
        y = gradient - state["prev_flat_grad"]
        s = state["d"] * state["t"]
        curvature = float(y.dot(s))
        if curvature > 1e-10:
            if len(changes) == history_size:
                for kept in (changes, steps, weights):
                    kept.pop(0)
            changes.append(y)
            steps.append(s)
            weights.append(1.0 / curvature)
            state["H_diag"] = curvature / float(y.dot(y))
        q = gradient.neg()
        factors = [0.0] * len(changes)
        for i in range(len(changes) - 1, -1, -1):
            factors[i] = float(steps[i].dot(q)) * weights[i]
            q.add_(changes[i], alpha=-factors[i])
        r: Tensor = q * state["H_diag"]
        for i in range(len(changes)):
            r.add_(steps[i], alpha=factors[i] - float(changes[i].dot(r)) * weights[i])
        return r


# -- line search -------------------------------------------------------------------------------------------------


def cubic_minimum(
    x1: float,
    f1: float,
    g1: float,
    x2: float,
    f2: float,
    g2: float,
    bounds: tuple[float, float] | None = None,
) -> float:
    """Where the cubic with these values and slopes at x1 and x2 has its minimum, within bounds; their middle, if it has
    none."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if not square >= 0:
        return (low + high) / 2.0
    d2 = math.sqrt(square)
    if x1 <= x2:
        place = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        place = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(place, low), high)


class _Point:
    """A place along the direction: its distance, loss, gradient and slope."""

    __slots__ = ("gradient", "loss", "slope", "t")

    def __init__(self, t: float, loss: float, gradient: Tensor, slope: float) -> None:
        self.t, self.loss, self.gradient, self.slope = t, loss, gradient, slope


def strong_wolfe(
    along: Callable[[float], tuple[float, Tensor]],
    t: float,
    direction: Tensor,
    loss: float,
    gradient: Tensor,
    slope: float,
    *,
    smallest_change: float,
    most: int,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[float, Tensor, float, int]:
    """A length at which the loss is low enough and its slope flat enough (the strong Wolfe conditions).

    Returns loss, gradient, length, and how often ``along(length) -> loss, gradient`` was called."""
    largest = float(direction.abs().max())

    def look(t: float) -> _Point:
        f, g = along(t)
        return _Point(t, f, g, float(g.dot(direction)))

    origin = previous = _Point(0.0, loss, gradient, slope)
    now = look(t)
    calls, rounds, done = 1, 0, False
    bracket: list[_Point] = []
    while rounds < most:
        if now.loss > loss + c1 * now.t * slope or (rounds > 1 and now.loss >= previous.loss):
            bracket = [previous, now]
            break
        if abs(now.slope) <= -c2 * slope:
            bracket, done = [now], True
            break
        if now.slope >= 0:
            bracket = [previous, now]
            break
        t = cubic_minimum(
            previous.t, previous.loss, previous.slope, now.t, now.loss, now.slope,
            bounds=(now.t + 0.01 * (now.t - previous.t), now.t * 10),
        )  # fmt: skip
        previous, now = now, look(t)
        calls += 1
        rounds += 1
    if rounds == most:
        bracket = [origin, now]

    # The best length is between the two; make the bracket smaller.
    stuck = False
    low, high = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    while not done and rounds < most:
        ends = [point.t for point in bracket]
        if abs(ends[1] - ends[0]) * largest < smallest_change:
            break
        a, b = bracket
        t = cubic_minimum(a.t, a.loss, a.slope, b.t, b.loss, b.slope)
        # Too near to an end, twice in a row or beyond it: a tenth of the bracket away from it.
        margin = 0.1 * (max(ends) - min(ends))
        if min(max(ends) - t, t - min(ends)) < margin:
            if stuck or t >= max(ends) or t <= min(ends):
                t = max(ends) - margin if abs(t - max(ends)) < abs(t - min(ends)) else min(ends) + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        now = look(t)
        calls += 1
        rounds += 1
        if now.loss > loss + c1 * t * slope or now.loss >= bracket[low].loss:
            bracket[high] = now
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        else:
            if abs(now.slope) <= -c2 * slope:
                done = True
            elif now.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = now
    best = bracket[low] if len(bracket) > 1 else bracket[0]
    return best.loss, best.gradient, best.t, calls
