"""Writes what type checkers and editors read about names that exist at run time only: `ag.exp`, `Tensor.exp`.

    python -m autograd_gpu.testing.stubs           rewrites the .pyi files of the package
    python -m autograd_gpu.testing.stubs --check   says which are out of date, and exits with 1 if any is

`ag`'s functions and Tensor's methods are the op table's (`core/op.py`), so nothing in the source says what
they are. Stubs do: signatures with their defaults, return types, and the first sentence of the documentation.

    __init__.pyi             `ag`: the functions, and all that autograd_gpu/__init__.py imports
    core/tensor_methods.pyi  class TensorMethods, which Tensor inherits from where type checkers look
    linalg.pyi               `ag.linalg`
    nn/functional.pyi        the functions behind the layers
    ops/return_types.pyi     the named tuples

A type comes from the implementation's annotation; where that is missing or Any, from `stub_types.py`.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import textwrap
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import autograd_gpu
from autograd_gpu import linalg
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS, METHODS, REGISTRY
from autograd_gpu.nn import functional
from autograd_gpu.ops import return_types
from autograd_gpu.storage import TYPES
from autograd_gpu.testing.stub_types import ALIASES, OVERLOADS, PARAMETERS, REFLECTED, RETURNS

PACKAGE = Path(autograd_gpu.__file__).parent
WIDTH = 110
HEADER = '"""{}\n\nWritten by `python -m autograd_gpu.testing.stubs`; do not edit.\n"""\n\n'
#: Python's own types whose names mean something else in `ag` or in Tensor
PYTHON = ("bool", "complex", "float", "int")
EMPTY = inspect.Parameter.empty
_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
#: operators whose functions do not say their operand's type -> the type
OPERATORS = {
    **{f"__{name}__": "Operand" for name in _BINARY},
    **{f"__i{name}__": "Operand" for name in _BINARY},
    **{f"__r{name}__": REFLECTED for name in _BINARY},
    "__matmul__": "Tensor",
}
COMPARISONS = frozenset({"__eq__", "__ne__"})
#: attributes of a class that say nothing about its instances
CLASS_ATTRIBUTES = frozenset(
    {"__module__", "__doc__", "__slots__", "__dict__", "__weakref__", "__annotations__"}
)


def stubs() -> dict[Path, str]:
    """Every stub's path and text."""
    return {
        PACKAGE / "__init__.pyi": _package_stub(),
        PACKAGE / "core" / "tensor_methods.pyi": _tensor_stub(),
        PACKAGE / "linalg.pyi": _module_stub(linalg, "Linear algebra"),
        PACKAGE / "nn" / "functional.pyi": _module_stub(functional, "The functions behind the layers"),
        PACKAGE / "ops" / "return_types.pyi": _return_types_stub(),
    }


def main(arguments: list[str]) -> int:
    """The command; returns its exit status."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    old = {
        path: text
        for path, text in stubs().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in old.items():
        if arguments:
            print(f"{path} is out of date: run python -m autograd_gpu.testing.stubs")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return 1 if arguments and old else 0


# -- the files -------------------------------------------------------------------------------------


def _package_stub() -> str:
    names = _Names()
    body = [*(f"{alias}\n" for alias in _reexports(names)), "\n"]
    body += [f"{name}: {names.mention('type[Tensor]')}\n" for name in sorted(TYPES)]
    body.append("\n")
    for name in sorted(FUNCTIONS):
        body += _function(names, name, FUNCTIONS[name])
    return _file("The public names of `ag`, for type checkers and editors.", names, body)


def _reexports(names: _Names) -> Iterator[str]:
    """What autograd_gpu/__init__.py imports and assigns under public names, read from its source."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for lazy in vars(autograd_gpu)["_LAZY"]:
        value = getattr(autograd_gpu, lazy)
        names.reexport("autograd_gpu" if isinstance(value, types.ModuleType) else value.__module__, lazy)
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith("autograd_gpu"):
            for imported in statement.names:
                public = imported.asname or imported.name
                value = getattr(autograd_gpu, public, None)
                if public.startswith("_") or value is FUNCTIONS or public in FUNCTIONS:
                    continue
                if public == imported.name and not isinstance(value, autograd_gpu.dtype):
                    names.reexport(str(statement.module), public)
                elif isinstance(value, type):
                    yield f"{public} = {names.use(value)}"
                else:
                    yield f"{public}: {names.use(type(value))}"
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            public = statement.targets[0].id
            if not public.startswith("_") or public == "__version__":
                yield f"{public}: {names.use(type(getattr(autograd_gpu, public)))}"


def _tensor_stub() -> str:
    names = _Names(defines=ALIASES)
    for alias in ALIASES.values():
        names.mention(alias)
    aliases = [_wrapped(f"{name}: TypeAlias = {meaning}") for name, meaning in ALIASES.items()]
    names.mention("TypeAlias")
    members: list[str] = []
    for name in sorted(name for name in vars(Tensor) if name not in CLASS_ATTRIBUTES):
        value = inspect.getattr_static(Tensor, name)
        if isinstance(value, property):
            members += _property(names, name, value)
        elif isinstance(value, types.MemberDescriptorType | int):
            continue  # declared in core/graph.py
        else:
            members += _function(names, name, value, method=True)
    methods = "".join(textwrap.indent(member, "    ") for member in members)
    body = [*aliases, "\n", "class TensorMethods:\n", methods]
    return _file("What a `Tensor` can do, for type checkers and editors.", names, body)


def _module_stub(module: types.ModuleType, title: str) -> str:
    """A module that gives functions of the op table names of its own."""
    names = _Names()
    body: list[str] = []
    for name in vars(module)["__all__"]:
        value = getattr(module, name)
        if isinstance(value, type):  # an exception
            body.insert(0, f"from {value.__module__} import {value.__name__} as {name}\n\n")
        else:
            body += _function(names, name, value)
    return _file(f"{title}, for type checkers and editors.", names, body)


def _return_types_stub() -> str:
    names = _Names()
    body: list[str] = []
    for name, value in sorted(vars(return_types).items()):
        if isinstance(value, type) and value.__module__ == return_types.__name__:
            fields = "".join(f"    {field}: {names.use(Tensor)}\n" for field in value._fields)  # type: ignore[attr-defined]
            names.mention("NamedTuple")
            body.append(f"class {name}(NamedTuple):\n{fields}\n")
    return _file("The named tuples that functions with several results return.", names, body)


def _file(title: str, names: _Names, body: Iterable[str]) -> str:
    text = "".join(body).rstrip()
    return f"{HEADER.format(title)}{names.imports(text)}\n{text}\n"


# -- names -----------------------------------------------------------------------------------------


class _Names:
    """The names that a stub refers to, and the imports that they need."""

    #: names that texts in `stub_types.py` and this file use -> where they come from
    KNOWN: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            "Any Literal NamedTuple Self SupportsIndex TypeAlias TypeGuard overload".split(), "typing"
        ),
        **dict.fromkeys(["Callable", "Iterator", "Sequence"], "collections.abc"),
        **dict.fromkeys(ALIASES, "autograd_gpu.core.tensor_methods"),
        "AbstractContextManager": "contextlib",
        "DType": "autograd_gpu.dtypes",
        "Device": "autograd_gpu.device",
        "Generator": "autograd_gpu.ops.generators",
        "Size": "autograd_gpu.tensor",
        "Tensor": "autograd_gpu.core.graph",
        "return_types": "autograd_gpu.ops",
    }

    def __init__(self, defines: Iterable[str] = ()) -> None:
        self._defines = frozenset(defines)
        self._modules: defaultdict[str, set[str]] = defaultdict(set)

    def reexport(self, module: str, name: str) -> None:
        """Import a name so that it is the stub's own."""
        self._modules[module].discard(name)
        self._modules[module].add(f"{name} as {name}")

    def use(self, value: Any) -> str:
        """The name of a class or a typing construct, imported."""
        module, name = value.__module__, getattr(value, "__name__", None) or value._name
        if module == "builtins":
            return self._python(name)
        if module.split(".")[0] == "numpy":
            self._modules["numpy"].add("")
            return f"np.{name}"
        self._add(module, name)
        return str(name)

    def mention(self, text: str) -> str:
        """A type as `stub_types.py` writes it, with the names in it imported."""
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Name):
                if node.id == "np":
                    self._modules["numpy"].add("")
                elif node.id in self.KNOWN:
                    self._add(self.KNOWN[node.id], node.id)
                elif node.id.startswith("_"):
                    self._python(node.id[1:])
                elif not hasattr(builtins, node.id):
                    raise LookupError(f"{node.id} in {text!r} is not among the names that stubs know")
        return text

    def annotation(self, annotation: Any, function: Callable[..., Any]) -> str | None:
        """An annotation of the implementation in the stub's names; None if it says nothing."""
        if annotation is EMPTY:
            return None
        if isinstance(annotation, type):
            return self.use(annotation)
        text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
        scope = {**vars(builtins), **inspect.unwrap(function).__globals__}
        renamed = ast.unparse(_Rename(self, scope).visit(ast.parse(text, mode="eval")))
        return None if renamed == "Any" else renamed

    def _python(self, name: str) -> str:
        if name not in PYTHON:
            return "None" if name == "NoneType" else name
        self._modules["builtins"].add(name)
        return f"_{name}"

    def _add(self, module: str, name: str) -> None:
        if name not in self._defines and f"{name} as {name}" not in self._modules[module]:
            self._modules[module].add(name)

    def imports(self, text: str) -> str:
        """The import statements for `text`; what was considered and then not used is left out."""
        used = set(re.findall(r"\w+", text))
        lines = {False: "", True: ""}
        for module in sorted(self._modules):
            ours = module.startswith("autograd_gpu")
            if module == "numpy":
                continue
            if module == "builtins":
                for name in sorted(self._modules[module]):
                    lines[ours] += f"from builtins import {name} as _{name}\n"
                continue
            plain = sorted(
                (name for name in self._modules[module] if " as " not in name and name in used),
                key=_import_order,
            )
            if plain:
                lines[ours] += _wrapped(f"from {module} import ({', '.join(plain)})", plain=True)
            for name in sorted((name for name in self._modules[module] if " as " in name), key=_import_order):
                lines[ours] += f"from {module} import {name}\n"
        numpy = "import numpy as np\n" if "numpy" in self._modules else ""
        return "\n".join(part for part in (lines[False], numpy, lines[True]) if part)


def _import_order(name: str) -> tuple[int, str]:
    """Constants, classes, the rest, as ruff sorts them."""
    first = name.split()[0]
    return (0 if first.isupper() and len(first) > 1 else 1 if first[0].isupper() else 2), first.lower()


class _Rename(ast.NodeTransformer):
    """Replaces the names in an annotation by those that the stub imports."""

    def __init__(self, names: _Names, scope: dict[str, Any]) -> None:
        self.names = names
        self.scope = scope

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._resolved(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._resolved(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self.visit(ast.parse(node.value, mode="eval").body) if isinstance(node.value, str) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if ast.unparse(node.value) == "Literal":
            self.names.mention("Literal")
            return node
        return self.generic_visit(node)  # type: ignore[return-value]

    def _resolved(self, node: ast.expr) -> ast.expr:
        text = ast.unparse(node)
        try:
            value = eval(text, self.scope)
        except NameError:  # imported for type checkers only
            return ast.parse(self.names.mention(text), mode="eval").body
        if isinstance(value, types.GenericAlias | types.UnionType) or not hasattr(value, "__module__"):
            meaning = ast.parse(repr(value), mode="eval").body
            return _Rename(self.names, {**vars(builtins), **sys.modules}).visit(meaning)  # type: ignore[no-any-return]
        return ast.parse(self.names.use(value), mode="eval").body


# -- declarations ----------------------------------------------------------------------------------


def _property(names: _Names, name: str, value: property) -> list[str]:
    getter = value.fget
    assert getter is not None
    returns = names.annotation(inspect.signature(getter).return_annotation, getter)
    lines = [
        _definition(f"@property\ndef {name}", ["self"], returns or names.mention("Tensor"), _sentence(getter))
    ]
    if value.fset is not None:
        *_, new = inspect.signature(value.fset).parameters.values()
        kind = names.annotation(new.annotation, value.fset) or names.mention("Any")
        lines.append(_definition(f"@{name}.setter\ndef {name}", ["self", f"{new.name}: {kind}"], "None", ""))
    if value.fdel is not None:
        lines.append(_definition(f"@{name}.deleter\ndef {name}", ["self"], "None", ""))
    return lines


def _function(names: _Names, name: str, function: Callable[..., Any], method: bool = False) -> list[str]:
    doc = _sentence(function)
    forms = (OVERLOADS.get(f"Tensor.{name}") if method else None) or OVERLOADS.get(name)
    if forms is not None:
        return _overloads(names, name, forms, doc, method)
    if name in OPERATORS:
        listed = ["self", f"other: {names.mention(OPERATORS[name])}"]
        return [_definition(f"def {name}", listed, names.mention("Tensor"), doc)]
    if name in COMPARISONS:  # object's answer is a bool
        listed = ["self", "other: object"]
        return [
            _definition(f"def {name}", listed, names.mention("Tensor"), doc, "  # type: ignore[override]")
        ]
    behind, signature = _signature(name, function)
    parameters = list(signature.parameters.values())[method:]
    first = "cls" if name == "__new__" else "self"
    listed = [first] * method + _parameters(names, name, behind, parameters, _takes_numpy_names(function))
    return [_definition(f"def {name}", listed, _returns(names, name, behind, signature), doc)]


def _overloads(names: _Names, name: str, forms: list[str], doc: str, method: bool) -> list[str]:
    decorator = ""
    if len(forms) > 1:
        decorator = f"@{names.mention('overload')}\n"
    lines = []
    for position, form in enumerate(forms):
        definition = ast.parse(f"def f{form.format(name=name)}: ...").body[0]
        assert isinstance(definition, ast.FunctionDef)
        assert definition.returns is not None
        for node in ast.walk(definition):
            if isinstance(node, ast.arg) and node.annotation is not None:
                names.mention(ast.unparse(node.annotation))
        arguments = definition.args
        if method:
            first = (arguments.posonlyargs or arguments.args)[0]
            first.arg, first.annotation = "self", None
        listed = _split(ast.unparse(arguments))
        returns = names.mention(ast.unparse(definition.returns))
        lines.append(_definition(f"{decorator}def {name}", listed, returns, "" if position else doc))
    return lines


def _split(arguments: str) -> list[str]:
    """The parameters in a list as `ast.unparse` writes it, defaults with spaces around the equals sign."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(arguments):
        depth += (character in "[(") - (character in "])")
        if character == "," and not depth:
            parts.append(arguments[start:position].strip())
            start = position + 1
    parts.append(arguments[start:].strip())
    return [part.replace("=", " = ") if ":" in part else part for part in parts]


def _signature(name: str, function: Callable[..., Any]) -> tuple[Callable[..., Any], inspect.Signature]:
    """What may be passed, and the function that says so: in-place forms and activations with `inplace` pass
    everything on to another one."""
    signature = inspect.signature(function)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    if inspect.Parameter.VAR_KEYWORD not in kinds or inspect.Parameter.VAR_POSITIONAL not in kinds:
        return function, signature
    plain = name.removesuffix("_")
    if "inplace" in signature.parameters:
        behind = inspect.getclosurevars(function).nonlocals["function"]
        signature = inspect.signature(behind)
        parameters = list(signature.parameters.values())
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        position = 1 + int(inspect.getclosurevars(function).nonlocals["count"])
        parameters.insert(position, inspect.Parameter("inplace", kind, default=False, annotation=bool))
        return behind, signature.replace(parameters=parameters)
    if name.endswith("_") and not name.endswith("__"):
        nonlocals = inspect.getclosurevars(function).nonlocals
        behind = (
            nonlocals.get("function") or METHODS.get(plain) or FUNCTIONS.get(plain) or REGISTRY[plain].public
        )
        return behind, inspect.signature(behind).replace(return_annotation=Tensor)
    return function, signature


def _parameters(
    names: _Names,
    name: str,
    function: Callable[..., Any],
    parameters: Iterable[inspect.Parameter],
    numpy_names: bool,
) -> list[str]:
    texts: list[str] = []
    renamed: dict[str, str] = {}
    keywords_only = False
    positional_only = False
    for parameter in parameters:
        kind = parameter.kind
        if positional_only and kind is not parameter.POSITIONAL_ONLY:
            texts.append("/")
        positional_only = kind is parameter.POSITIONAL_ONLY
        if kind is parameter.KEYWORD_ONLY and not keywords_only:
            keywords_only = True
            texts.append("*")
        stars = "*" if kind is parameter.VAR_POSITIONAL else "**" if kind is parameter.VAR_KEYWORD else ""
        keywords_only |= kind is parameter.VAR_POSITIONAL
        type = names.annotation(parameter.annotation, function)
        if type is None:
            known = PARAMETERS.get(
                f"{name}.{stars}{parameter.name}", PARAMETERS.get(f"{stars}{parameter.name}", "Any")
            )
            type = names.mention(known)
            if parameter.default is None and known != "Any":
                type += " | None"
        if parameter.name in ("dim", "keepdim"):
            renamed["axis" if parameter.name == "dim" else "keepdims"] = type
        default = "" if parameter.default is EMPTY else f" = {_default(parameter.default)}"
        texts.append(f"{stars}{parameter.name}: {type}{default}")
    if positional_only:
        texts.append("/")
    if numpy_names and renamed:
        if not keywords_only:
            texts.append("*")
        texts += [f"{there}: {type} = ..." for there, type in renamed.items()]
    return texts


def _takes_numpy_names(function: Callable[..., Any]) -> bool:
    inner: Any = function
    while inner is not None:
        code = getattr(inner, "__code__", None)
        if code is not None and code.co_qualname.startswith("numpy_names."):
            return True
        inner = getattr(inner, "__wrapped__", None)
    return False


def _default(value: Any) -> str:
    plain = isinstance(value, bool | int | float | None) or value == ()
    if isinstance(value, str):
        return '"' + repr(value)[1:-1] + '"'
    return repr(value) if plain and value not in (float("inf"), float("-inf")) else "..."


def _returns(names: _Names, name: str, function: Callable[..., Any], signature: inspect.Signature) -> str:
    if name in RETURNS:
        return names.mention(RETURNS[name])
    if inspect.isgeneratorfunction(inspect.unwrap(function)):
        yields = str(signature.return_annotation).removeprefix("Iterator[").removesuffix("]")
        return names.mention(f"AbstractContextManager[{yields}]")
    return names.annotation(signature.return_annotation, function) or names.mention("Tensor")


# -- text ------------------------------------------------------------------------------------------


def _sentence(function: Callable[..., Any]) -> str:
    """The first sentence of the documentation."""
    paragraph = (inspect.getdoc(function) or "").split("\n\n")[0].split("\n>>>")[0]
    text = " ".join(paragraph.split())
    end = text.find(". ")
    text = text if end < 0 or text[:end].endswith(("e.g", "i.e")) else text[: end + 1]
    return text.replace("\\", "\\\\")


def _definition(head: str, parameters: list[str], returns: str, doc: str, end: str = "") -> str:
    """A function without body, in lines as `ruff format` breaks them."""
    width = WIDTH - 4 * (parameters[:1] in (["self"], ["cls"]))
    decorators, _, last = head.rpartition("\n")
    tail = f") -> {returns}:" + (end if doc else f" ...{end}")
    line = f"{last}({', '.join(parameters)}{tail}"
    if len(line) > width:
        inside = ", ".join(parameters)
        if len(inside) + 4 <= width:
            line = f"{last}(\n    {inside}\n{tail}"
        else:
            line = f"{last}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + tail
    decorators = f"{decorators}\n" if decorators else ""
    return f"{decorators}{line}\n{_documented(doc, width)}"


def _documented(doc: str, width: int) -> str:
    if not doc:
        return ""
    lines = textwrap.wrap(f'"""{doc}', width - 3, initial_indent="    ", subsequent_indent="    ")
    closing = '"""' if len(lines) == 1 else '\n    """'
    return "\n".join(lines) + closing + "\n\n"


def _wrapped(line: str, plain: bool = False) -> str:
    """`line` with the parentheses of an import only where it is too long without."""
    short = line.replace("(", "").replace(")", "") if plain else line
    if len(short) <= WIDTH or not plain:
        return f"{short}\n"
    head, _, names = line.partition("(")
    listed = names.removesuffix(")").split(", ")
    return f"{head}(\n" + "".join(f"    {name},\n" for name in listed) + ")\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
