"""Layer 1: what the ``__global__`` functions in a CUDA text take, read from the text.

`ag.kernel` hands a kernel its arguments by name and in exactly the C types that it declares, so nobody has to say them
twice. Not a C++ parser: it knows the declarations that kernels have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_gpu.device.instances import TYPES

#: element types that pointers may have in C -> NumPy's name
ELEMENTS = {
    "float": "float32", "double": "float64", "half": "float16", "__half": "float16", "bfloat16": "bfloat16",
    "__nv_bfloat16": "bfloat16", "bool": "bool", "unsigned char": "uint8", "uint8_t": "uint8", "signed char": "int8",
    "char": "int8", "int8_t": "int8", "short": "int16", "int16_t": "int16", "int": "int32", "int32_t": "int32",
    "long long": "int64", "int64_t": "int64", "i64": "int64", "complex<float>": "complex64",
    "complex<double>": "complex128",
}  # fmt: skip
#: what numbers may be besides -> NumPy's name
UNSIGNED = {
    "unsigned short": "uint16", "uint16_t": "uint16", "unsigned": "uint32", "unsigned int": "uint32", "uint32_t": "uint32",
    "unsigned long long": "uint64", "uint64_t": "uint64", "u64": "uint64", "size_t": "uint64",
}  # fmt: skip
#: CUDA's own names of the halves, for texts that include its headers
CUDA_HALVES = {"half": "__half", "bfloat16": "__nv_bfloat16"}

_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_KERNEL = re.compile(
    r"(?:template\s*<(?P<template>[^{};()]*)>\s*)?"
    r"(?:extern\s+\"C\"\s*)?(?:static\s+)?__global__\s+(?:void\s+)?(?:__launch_bounds__\s*\([^)]*\)\s*)?(?:void\s+)?"
    r"(?P<name>\w+)\s*\((?P<parameters>[^{};]*)\)\s*\{",
)


class Launch(NamedTuple):
    """Blocks, threads in each, and bytes of dynamic shared memory."""

    grid: tuple[int, ...]
    block: tuple[int, ...]
    shared: int


class Result(NamedTuple):
    """An array that a kernel is to fill."""

    name: str
    shape: tuple[int, ...]
    dtype: Any


class Parameter(NamedTuple):
    """One parameter of a kernel: ``const T *x`` is ``Parameter("x", "T", pointer=True, const=True)``."""

    name: str
    type: str
    pointer: bool
    const: bool

    def __str__(self) -> str:
        return f"{'const ' if self.const else ''}{self.type} {'*' if self.pointer else ''}{self.name}"


class Signature(NamedTuple):
    """A ``__global__`` function: its template's type names, its template's numbers, its parameters."""

    name: str
    types: tuple[str, ...]
    values: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    cuda_halves: bool

    @property
    def pointers(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.pointer)

    @property
    def numbers(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if not parameter.pointer)

    def bind(self, dtypes: Mapping[str, Any]) -> dict[str, Any]:
        """The dtype of each type name of the template, from those of the arrays (NumPy's; by parameter's name).

        Raises:
            TypeError: an array has another dtype than the kernel declares, or two want one name to be two dtypes.
        """
        bound: dict[str, Any] = {}
        given_by: dict[str, str] = {}
        for parameter in self.pointers:
            dtype = dtypes.get(parameter.name)
            if dtype is None:
                continue
            if parameter.type in self.types:
                before = bound.setdefault(parameter.type, dtype)
                first = given_by.setdefault(parameter.type, parameter.name)
                if before != dtype:
                    raise TypeError(
                        f"{parameter.name} is {dtype.name} and {first} is {before.name}, and the kernel {self.name} declares "
                        f"both with the type {parameter.type}: convert one with .to(...)"
                    )
        for parameter in self.pointers:
            dtype = dtypes.get(parameter.name)
            if dtype is not None and self.dtype(parameter, bound) != dtype:
                wanted = self.dtype(parameter, bound)
                raise TypeError(
                    f"{parameter.name} is {dtype.name}, and the kernel {self.name} takes {wanted.name} there ({parameter}): "
                    f"convert it with .to(ag.{wanted.name}), or make the kernel a template <typename T> of its element type"
                )
        return bound

    def dtype(self, parameter: Parameter, bound: Mapping[str, Any]) -> Any:
        """NumPy's dtype of a parameter (a pointer: of its elements), given those of the type names."""
        wide = re.fullmatch(r"Wide\s*<\s*(\w+)\s*>", parameter.type)
        name = wide.group(1) if wide else parameter.type
        if name in self.types:
            if name not in bound:
                raise TypeError(
                    f"the kernel {self.name} is a template of {name}, and no array that it is given has that type: say the "
                    "dtype with dtype="
                )
            dtype = bound[name]
        else:
            dtype = element(ELEMENTS.get(name) or UNSIGNED[name])
        return np.dtype(np.float32) if wide and dtype.itemsize == 2 and dtype.kind in "fV" else dtype

    def instance(self, bound: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        """The C++ name of the kernel for these types and numbers: ``softplus<float>``."""
        if not self.types and not self.values:
            return self.name
        names = [TYPES[bound[name].name] for name in self.types]
        if self.cuda_halves:
            names = [CUDA_HALVES.get(name, name) for name in names]
        return f"{self.name}<{', '.join([*names, *(_literal(values[name]) for name in self.values)])}>"


def _literal(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(int(value))


def element(name: str) -> Any:
    """NumPy's dtype of that name, bfloat16 too."""
    if name == "bfloat16":
        from autograd_gpu import dtypes

        return dtypes.bfloat16.numpy
    return np.dtype(name)


def signatures(text: str) -> dict[str, Signature]:
    """All ``__global__`` functions of a CUDA text, by name.

    Raises:
        ValueError: a declaration that cannot be understood, or types that no array or number here has.
    """
    bare = _COMMENTS.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    halves = "cuda_fp16.h" in bare or "cuda_bf16.h" in bare
    found = {}
    for match in _KERNEL.finditer(bare):
        name = match["name"]
        types, values = _template(name, match["template"] or "")
        parameters = tuple(_parameter(name, part, types) for part in _split(match["parameters"]))
        found[name] = Signature(name, types, values, parameters, halves)
    return found


def _template(kernel: str, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    types: list[str] = []
    values: list[str] = []
    for part in _split(text):
        words = part.partition("=")[0].split()
        if len(words) == 2 and words[0] in ("typename", "class"):
            if values:
                raise ValueError(
                    f"kernel {kernel}: the types of a template come before its numbers: {text.strip()}"
                )
            types.append(words[1])
        elif len(words) >= 2 and " ".join(words[:-1]) in {*ELEMENTS, *UNSIGNED}:
            values.append(words[-1])
        else:
            raise ValueError(
                f"kernel {kernel}: the template parameter {part.strip()!r} is neither `typename NAME` nor `int NAME`"
            )
    return tuple(types), tuple(values)


def _parameter(kernel: str, text: str, types: Iterable[str]) -> Parameter:
    pointer = "*" in text or "[]" in text
    words = re.sub(r"\b__restrict__\b|\b__restrict\b|\b__grid_constant__\b|\*|\[\]|\bvolatile\b", " ", text)
    const = re.search(r"\bconst\b", words) is not None
    words = re.sub(r"\bconst\b", " ", words).strip()
    match = re.fullmatch(r"(?P<type>.*\S)\s+(?P<name>\w+)", words, re.DOTALL)
    if match is None or text.count("*") > 1 or "&" in text:
        raise ValueError(
            f"kernel {kernel}: cannot read the parameter {text.strip()!r}: say `const T *x` or `long long n`"
        )
    kind = re.sub(r"\s+", " ", match["type"])
    kind = re.sub(r"\s*([<>])\s*", r"\1", kind)
    wide = re.fullmatch(r"Wide<(\w+)>", kind)
    inner = wide.group(1) if wide else kind
    if inner not in types and inner not in ELEMENTS and (pointer or inner not in UNSIGNED):
        hint = ": say int or long long" if inner in ("long", "unsigned long") else ""
        raise ValueError(
            f"kernel {kernel}: {'arrays' if pointer else 'numbers'} of type {kind!r} ({text.strip()}) are not known{hint}; "
            f"known are {', '.join(dict.fromkeys([*types, *ELEMENTS, *(() if pointer else UNSIGNED)]))}"
        )
    return Parameter(match["name"], kind, pointer, const)


def _split(text: str) -> list[str]:
    """The parts between commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "<([") - (character in ">)]")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]
