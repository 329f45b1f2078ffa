"""Formulas: a few lines of arithmetic that are both a function of tensors and a CUDA kernel.

The grammar is that of Python's expressions, because one text is to mean the same on both sides: ``s = 1 / (1 + exp(-x));
y = x * s if x > 0 else 0``. What is allowed is what `_FUNCTIONS` and the operators below name, nothing else.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_gpu.core.compile import execute
from autograd_gpu.core.op import FUNCTIONS

#: name in a formula -> (number of operands, CUDA text with {0}, {1}, ...); the tensor function has the same name
_FUNCTIONS: dict[str, tuple[int, str]] = {
    **{
        name: (1, f"{name}({{0}})")
        for name in (
            "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos",
            "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "floor", "ceil", "trunc",
        )
    },
    "abs": (1, "fabs({0})"),
    "round": (1, "rint({0})"),
    "sign": (1, "sign_of({0})"),
    "sigmoid": (1, "logistic({0})"),
    "isnan": (1, "({0} != {0})"),
    "minimum": (2, "smaller({0}, {1})"),
    "maximum": (2, "larger({0}, {1})"),
    "atan2": (2, "atan2({0}, {1})"),
    "pow": (2, "pow({0}, {1})"),
    "where": (3, "({0} ? {1} : {2})"),
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_ALLOWED = (
    "a formula is made of names, numbers, + - * / **, comparisons, and, or, not, `a if condition else b`, and "
    f"{', '.join(sorted(_FUNCTIONS))}; {', '.join(_CONSTANTS)} are known"
)


class Formula:
    """A parsed formula.

    Args:
        text: assignments, separated by semicolons or new lines.
        what: what to call the formula in messages.
        outputs: which assigned names are results; None: the last one.

    Attributes:
        inputs: the names that it uses and does not assign, in the order of their first use.
        outputs: the names of its results.
        assigned: all names that it assigns.
    """

    def __init__(self, text: str, what: str, outputs: Sequence[str] | None = None) -> None:
        self.text = text
        self._what = what
        try:
            tree = ast.parse("\n".join(line.strip() for line in text.strip().splitlines()))
        except SyntaxError as error:
            hint = " (write `a if condition else b` for `condition ? a : b`)" if "?" in text else ""
            raise ValueError(
                f"{what}: {error.msg} in {(error.text or text).strip()!r}{hint}; {_ALLOWED}"
            ) from None
        self._steps: list[tuple[str, ast.expr]] = []
        free: dict[str, None] = {}
        assigned: set[str] = set()
        for statement in tree.body:
            if not (
                isinstance(statement, ast.Assign)
                and len(statement.targets) == 1
                and isinstance(statement.targets[0], ast.Name)
            ):
                raise ValueError(
                    f"{what}: expected assignments like `y = x * x`, got {ast.unparse(statement)!r}; separate several by "
                    "semicolons or new lines"
                )
            for name in self._names(statement.value):
                if name not in assigned:
                    free[name] = None
            target = statement.targets[0].id
            if target in free:
                raise ValueError(
                    f"{what}: {target} is used before it is assigned: give the result a name of its own"
                )
            assigned.add(target)
            self._steps.append((target, statement.value))
        if not self._steps:
            raise ValueError(f"{what}: there is no assignment like `y = x * x` in {text!r}")
        self.inputs = tuple(free)
        self.assigned = frozenset(assigned)
        self.outputs = tuple(outputs) if outputs is not None else (self._steps[-1][0],)
        for name in self.outputs:
            if name not in assigned:
                raise ValueError(f"{what}: the output {name} is not assigned in {text!r}")
        for target, value in self._steps:
            if target in self.outputs and isinstance(value, (ast.Compare, ast.BoolOp)):
                raise ValueError(
                    f"{what}: {target} is a truth value: results have the inputs' dtype; write `1 if "
                    f"{ast.unparse(value)} else 0`"
                )
        self._evaluate: Callable[..., tuple[Any, ...]] | None = None

    def _names(self, node: ast.AST) -> list[str]:
        """The variables of an expression, in order; raises for what no formula has."""
        found: list[str] = []

        def visit(part: ast.AST) -> None:
            if isinstance(part, ast.Name):
                if part.id in _FUNCTIONS:
                    raise ValueError(f"{self._what}: {part.id} is a function: {part.id}(...)")
                if part.id not in _CONSTANTS:
                    found.append(part.id)
                return
            if isinstance(part, ast.Call):
                name = part.func.id if isinstance(part.func, ast.Name) else ast.unparse(part.func)
                if name not in _FUNCTIONS:
                    raise ValueError(f"{self._what}: there is no function {name}; {_ALLOWED}")
                if len(part.args) != _FUNCTIONS[name][0] or part.keywords:
                    raise ValueError(
                        f"{self._what}: {name} takes {_FUNCTIONS[name][0]} operands: {ast.unparse(part)}"
                    )
                for argument in part.args:
                    visit(argument)
                return
            good = (
                (isinstance(part, ast.Constant) and isinstance(part.value, (int, float)))
                or (isinstance(part, ast.BinOp) and isinstance(part.op, (*_BINARY, ast.Pow)))
                or (isinstance(part, ast.UnaryOp) and isinstance(part.op, (ast.USub, ast.UAdd, ast.Not)))
                or (
                    isinstance(part, ast.Compare) and len(part.ops) == 1 and type(part.ops[0]) in _COMPARISONS
                )
                or isinstance(part, (ast.BoolOp, ast.IfExp))
            )
            if not good:
                raise ValueError(f"{self._what}: {ast.unparse(part)!r} is not allowed: {_ALLOWED}")
            if isinstance(part, ast.IfExp):  # in the order they are written in
                for branch in (part.body, part.test, part.orelse):
                    visit(branch)
                return
            for child in ast.iter_child_nodes(part):
                if isinstance(child, ast.expr):
                    visit(child)

        visit(node)
        return found

    def only(self, outputs: Sequence[str]) -> Formula:
        """The formula of some of the results: the steps that lead to them, and the inputs of those."""
        wanted = set(outputs)
        steps: list[str] = []
        for target, value in reversed(self._steps):
            if target in wanted:
                steps.insert(0, f"{target} = {ast.unparse(value)}")
                wanted -= {target}  # an earlier assignment counts only if this one uses it
                wanted.update(self._names(value))
        return Formula("\n".join(steps), self._what, outputs)

    # -- as a function of tensors ----------------------------------------------------------------------

    def __call__(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The results for tensors (and numbers) by name."""
        if self._evaluate is None:
            tensors = _Tensors()
            body = [f"{target} = {ast.unparse(tensors.visit(_copy(value)))}" for target, value in self._steps]
            lines = [
                f"def evaluate({', '.join(self.inputs)}):",
                *body,
                f"return ({', '.join(self.outputs)},)",
            ]
            environment: dict[str, Any] = {**_CONSTANTS, **{name: FUNCTIONS[name] for name in _FUNCTIONS}}
            environment.update(
                {name: FUNCTIONS[name] for name in ("logical_and", "logical_or", "logical_not")}
            )
            self._evaluate = execute("\n    ".join(lines), "evaluate", environment)
        return self._evaluate(*(values[name] for name in self.inputs))

    # -- as CUDA C++ -------------------------------------------------------------------------------------

    def cuda(self) -> str:
        """The struct `Formula` that elementwise.cuh asks for."""
        lines = [
            '#include "elementwise.cuh"',
            "",
            "struct Formula {",
            f"    static const int INPUTS = {len(self.inputs)}, OUTPUTS = {len(self.outputs)};",
            "    template <typename W>",
            "    static __device__ __forceinline__ void apply(const W *in, W *out) {",
            *(f"        const W _{name} = in[{position}];" for position, name in enumerate(self.inputs)),
        ]
        for number, (target, value) in enumerate(self._steps):
            # A name may be assigned twice: each time it is another constant, in a scope of its own.
            lines.append(f"        const W step{number} = {_cuda(value)};")
            lines.append(
                f"        {'' if self._reassigned(target, number) else 'W '}_{target} = step{number};"
            )
        lines += [f"        out[{position}] = _{name};" for position, name in enumerate(self.outputs)]
        return "\n".join([*lines, "    }", "};", ""])

    def _reassigned(self, target: str, number: int) -> bool:
        return any(earlier == target for earlier, _ in self._steps[:number])


def _copy(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


class _Tensors(ast.NodeTransformer):
    """Python's conditions, which ask for one truth value, as functions of tensors."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        return _call("where", [self._truth(node.test), self.visit(node.body), self.visit(node.orelse)])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        if node.func.id == "where":
            return self.visit_IfExp(ast.IfExp(*node.args))
        return _call(node.func.id, [self.visit(argument) for argument in node.args])

    def _truth(self, node: ast.expr) -> ast.expr:
        """A condition; numbers count as true unless they are zero, as in C."""
        found: ast.expr = self.visit(node)
        if isinstance(found, ast.Compare):
            return found
        return ast.Compare(found, [ast.NotEq()], [ast.Constant(0)])

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        name = "logical_and" if isinstance(node.op, ast.And) else "logical_or"
        result: ast.expr = self.visit(node.values[0])
        for value in node.values[1:]:
            result = _call(name, [result, self.visit(value)])
        return result

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand: ast.expr = self.visit(node.operand)
        return (
            _call("logical_not", [operand]) if isinstance(node.op, ast.Not) else ast.UnaryOp(node.op, operand)
        )


def _call(name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), arguments, [])


def _cuda(node: ast.expr) -> str:
    """An expression in CUDA C++, on numbers of type W."""
    if isinstance(node, ast.Name):
        return _number(_CONSTANTS[node.id]) if node.id in _CONSTANTS else f"_{node.id}"
    if isinstance(node, ast.Constant):
        return _number(float(node.value))  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        sign = {ast.Not: "!", ast.USub: "-", ast.UAdd: "+"}[type(node.op)]
        return f"({sign}{_cuda(node.operand)})"
    if isinstance(node, ast.BinOp):
        left, right = _cuda(node.left), _cuda(node.right)
        if not isinstance(node.op, ast.Pow):
            return f"({left} {_BINARY[type(node.op)]} {right})"
        exponent = _literal(node.right)
        if exponent is not None and exponent == int(exponent) and abs(exponent) <= 64:
            return f"whole_power<{int(exponent)}>({_wide(left)})"
        return f"sqrt({_wide(left)})" if exponent == 0.5 else f"pow({_wide(left)}, {_wide(right)})"
    if isinstance(node, ast.Compare):
        return f"({_cuda(node.left)} {_COMPARISONS[type(node.ops[0])]} {_cuda(node.comparators[0])})"
    if isinstance(node, ast.BoolOp):
        joint = " && " if isinstance(node.op, ast.And) else " || "
        return f"({joint.join(_cuda(value) for value in node.values)})"
    if isinstance(node, ast.IfExp):
        return f"({_cuda(node.test)} ? {_wide(_cuda(node.body))} : {_wide(_cuda(node.orelse))})"
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    arguments = [_wide(_cuda(argument)) for argument in node.args]
    return _FUNCTIONS[node.func.id][1].format(*arguments)


def _literal(node: ast.expr) -> float | None:
    sign = -1.0 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1.0
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    if isinstance(inner, ast.Constant) and math.isfinite(inner.value):  # type: ignore[arg-type]
        return sign * float(inner.value)  # type: ignore[arg-type]
    return None


def _wide(text: str) -> str:
    return f"W({text})"


def _number(value: float) -> str:
    if math.isnan(value):
        return "W(NAN)"
    if math.isinf(value):
        return "W(INFINITY)"
    return f"W({value!r})"
