"""`Module`: what every layer and model is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from autograd_gpu import dtypes, errors
from autograd_gpu.core.hooks import RemovableHandle
from autograd_gpu.core.leaves import is_leaf
from autograd_gpu.core.modes import no_grad
from autograd_gpu.device import Device
from autograd_gpu.nn import hooks
from autograd_gpu.nn.hooks import (
    Everywhere,
    Hook,
    HookTables,
    attach,
    register_module_backward_hook as register_module_backward_hook,
    register_module_buffer_registration_hook as register_module_buffer_registration_hook,
    register_module_forward_hook as register_module_forward_hook,
    register_module_forward_pre_hook as register_module_forward_pre_hook,
    register_module_full_backward_hook as register_module_full_backward_hook,
    register_module_full_backward_pre_hook as register_module_full_backward_pre_hook,
    register_module_module_registration_hook as register_module_module_registration_hook,
    register_module_parameter_registration_hook as register_module_parameter_registration_hook,
)  # fmt: skip
from autograd_gpu.nn.parameter import Buffer, Parameter, type_name
from autograd_gpu.nn.state_dict import HasState
from autograd_gpu.tensor import Tensor


def _missing_forward(self: Module, *input: Any) -> Any:
    """The computation done by every call of the module; subclasses define it."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(HasState):
    """Base class of layers and models.

    A subclass calls ``super().__init__()``, assigns its parameters, buffers and submodules to attributes,
    which registers them, and defines ``forward``. Calling the module runs ``forward`` and the hooks.

    >>> class Affine(ag.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.scale = ag.nn.Parameter(ag.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.scale * x
    >>> Affine()(ag.tensor(3.0))
    tensor(6., grad_fn=<MulBackward0>)
    """

    training: bool
    #: None, so that a call need not look further, until the module gets its first hook
    _hooks: HookTables | None = None
    #: whether ``__init__`` goes on to the next class in a multiple inheritance
    call_super_init: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                    f"'{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were "
                    "given"
                )
        self.__dict__.update(
            training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={}
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _missing_forward

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None and Everywhere.calls is None:
            return self.forward(*args, **kwargs)
        return hooks.call(self, args, kwargs)

    __call__: Callable[..., Any] = _call

    # -- attributes ------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__
        if "_parameters" in tables:
            for table in (tables["_parameters"], tables["_modules"], tables["_buffers"]):
                if name in table:
                    return table[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        if isinstance(value, Parameter):
            self._require_init("parameters")
            self._forget(name)
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._require_init("module")
            self._forget(name, keep="_modules")
            self._put_module(name, value)
        elif isinstance(value, Buffer):
            self._require_init("buffers")
            self._forget(name, keep="_buffers")
            self.register_buffer(name, value, value.persistent)
        elif "_parameters" not in tables:
            object.__setattr__(self, name, value)
        elif name in tables["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as parameter '{name}' (autograd_gpu.nn.Parameter "
                    "or None expected; to change its values, assign inside ag.no_grad() with "
                    f".copy_()){errors.here()}"
                )
            self.register_parameter(name, None)
        elif name in tables["_modules"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as child module '{name}' "
                    f"(autograd_gpu.nn.Module or None expected){errors.here()}"
                )
            self._put_module(name, None)
        elif name in tables["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as buffer '{name}' (autograd_gpu.nn.Buffer, "
                    f"autograd_gpu.Tensor or None expected){errors.here()}"
                )
            self.register_buffer(name, value, name not in self._non_persistent_buffers_set)
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[:1].isdigit())

    def _require_init(self, what: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    def _forget(self, name: str, keep: str = "_parameters") -> None:
        """Make room for an attribute of another kind."""
        self.__dict__.pop(name, None)
        for table in ("_parameters", "_buffers", "_modules"):
            if table != keep:
                self.__dict__[table].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _check_name(self, kind: str, name: Any, table: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}{errors.here()}")
        if "." in name:
            raise KeyError(
                f'{kind} name can\'t contain "."'
                if kind != "module"
                else f'module name can\'t contain ".", got: {name}'
            )
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or the place for one (None).

        Raises:
            KeyError: the name is empty, has a dot, or belongs to another attribute.
            TypeError: not a `Parameter`.
            ValueError: the parameter was computed from other tensors.
        """
        self._require_init("parameter")
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                    f"(autograd_gpu.nn.Parameter or None required){errors.here()}"
                )
            if not is_leaf(param._node):
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in "
                    "the forward() method."
                )
            for hook in tuple(Everywhere.parameter_registration.values()):
                replacement = hook(self, name, param)
                param = param if replacement is None else replacement
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained.

        Args:
            name: the attribute.
            tensor: the buffer, or None for the place of one.
            persistent: whether `state_dict` includes it.
        """
        self._require_init("buffer")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' (Tensor or None "
                f"required){errors.here()}"
            )
        for hook in tuple(Everywhere.buffer_registration.values()):
            replacement = hook(self, name, tensor)
            tensor = tensor if replacement is None else replacement
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule, or the place for one (None)."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type_name(module)} is not a Module subclass{errors.here()}")
        self._check_name("module", name, self._modules)
        self._put_module(name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def _put_module(self, name: str, module: Module | None) -> None:
        for hook in tuple(Everywhere.module_registration.values()):
            replacement = hook(self, name, module)
            module = module if replacement is None else replacement
        self._modules[name] = module

    # -- finding things --------------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The submodule with a dotted name, for example ``"encoder.0.linear"``; "" is the module itself.

        Raises:
            AttributeError: there is none.
        """
        module: Module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in the place with a dotted name; with `strict` only where there is one already."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        above, _, name = target.rpartition(".")
        parent = self.get_submodule(above)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with a dotted name.

        Raises:
            AttributeError: there is none.
        """
        found = self._member(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{target.rpartition('.')[2]}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with a dotted name.

        Raises:
            AttributeError: there is none.
        """
        above, _, name = target.rpartition(".")
        found = self._member(target)
        if name not in self.get_submodule(above)._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found  # type: ignore[no-any-return]

    def _member(self, target: str) -> Any:
        above, _, name = target.rpartition(".")
        module = self.get_submodule(above)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return getattr(module, name)

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Dotted names and modules: this one and all below it, depth first, shared ones once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(
                    memo, f"{prefix}.{name}" if prefix else name, remove_duplicate
                )

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Names and modules directly below this one."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, table: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        below = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in below:
            for name, member in getattr(module, table).items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Dotted names and parameters of this module and, with `recurse`, of all below it.

        >>> [name for name, _ in ag.nn.Sequential(ag.nn.Linear(2, 3)).named_parameters()]
        ['0.weight', '0.bias']
        """
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and, with `recurse`, of all below it: what an optimiser takes."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Dotted names and buffers of this module and, with `recurse`, of all below it."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this module and, with `recurse`, of all below it."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # -- modes -----------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training mode (dropout drops, batch norm uses the batch)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch this module and all below it to evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters collect gradients, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with ``set_to_none=False`` fill them with zeros instead."""
        for parameter in self.parameters():
            gradient = parameter._grad
            if gradient is not None:
                if set_to_none:
                    parameter._grad = None
                else:
                    gradient.detach_().zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn(module)`` for all modules below this one, then for this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # -- dtype and device ------------------------------------------------------------------------------------

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace what every parameter, its gradient and every buffer hold by what `fn` makes of them.
        Parameters stay the same objects, so that optimisers go on training them."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is None:
                    continue
                parameter.data = fn(parameter)
                if parameter._grad is not None:
                    parameter._grad.data = fn(parameter._grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move all parameters and buffers to a device and/or convert the floating and complex ones to a
        dtype, in place.

        Call it as ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` or ``to(tensor)``.

        Raises:
            TypeError: a dtype that is neither floating nor complex.

        >>> ag.nn.Linear(2, 3).to(ag.float64).weight.dtype
        ag.float64
        """
        device, dtype = _where(args, kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}{errors.here()}"
            )
        return self._apply(lambda t: t.to(device=device, dtype=dtype if t._type.differentiable else None))

    def cpu(self) -> Self:
        """Move all parameters and buffers to main memory."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move all parameters and buffers to a GPU (default: the current one)."""
        return self.to("cuda" if device is None else device)

    def _convert(self, dtype: dtypes.DType) -> Self:
        return self._apply(lambda t: t.to(dtype) if t._type.dtype.is_floating_point else t)

    def float(self) -> Self:
        """Convert all floating parameters and buffers to float32."""
        return self._convert(dtypes.float32)

    def double(self) -> Self:
        """Convert all floating parameters and buffers to float64."""
        return self._convert(dtypes.float64)

    def half(self) -> Self:
        """Convert all floating parameters and buffers to float16."""
        return self._convert(dtypes.float16)

    def bfloat16(self) -> Self:
        """Convert all floating parameters and buffers to bfloat16."""
        return self._convert(dtypes.bfloat16)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers, whatever their dtype, to `dst_type`."""
        wanted = dtypes.as_dtype(dst_type)
        return self._apply(lambda t: t.to(wanted))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move all parameters and buffers to a device without their values."""
        return self._apply(lambda t: t.new_empty(t.shape, device=device), recurse=recurse)

    # -- hooks -----------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns, if not None, replaces the positional
        arguments. With `with_kwargs` it is ``hook(module, args, kwargs)`` and returns both."""
        return attach(self._hook_tables().forward_pre, Hook(hook, with_kwargs), prepend=prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; what it returns, if not None, replaces the
        output. With `with_kwargs` it is ``hook(module, args, kwargs, output)``; with `always_call` it also
        runs when forward raises.

        >>> net = ag.nn.Identity()
        >>> handle = net.register_forward_hook(lambda module, args, output: output * 2)
        >>> net(ag.tensor(1.0))
        tensor(2.)
        """
        return attach(self._hook_tables().forward, Hook(hook, with_kwargs, always_call), prepend=prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known; what it returns
        replaces them."""
        return attach(self._hook_tables().backward_pre, Hook(hook), prepend=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known; what it
        returns replaces `grad_input` for what was computed before the module. Only positional tensor
        arguments are seen."""
        tables = self._hook_tables()
        hooks.refuse_both_kinds(tables.node, "on a single Module")
        return attach(tables.backward, Hook(hook), prepend=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` at the last node of forward: what PyTorch had before
        `register_full_backward_hook`, which sees the gradients of the module's inputs and is to be preferred."""
        tables = self._hook_tables()
        hooks.refuse_both_kinds(tables.backward, "on a single Module")
        return attach(tables.node, Hook(hook))

    # -- text ------------------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return self.__class__.__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses of the repr; layers override it."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        above = extra.split("\n") if extra else []
        below = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        lines = above + below
        inside = "\n  " + "\n  ".join(lines) + "\n" if below or len(above) > 1 else extra
        return f"{self._get_name()}({inside})"


def _indented(text: str) -> str:
    """All lines but the first moved two to the right."""
    return text.replace("\n", "\n  ")


def _where(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dtypes.DType | None]:
    """Device and dtype in the arguments of `Module.to`."""
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    unknown = set(kwargs) - {"device", "dtype", "non_blocking", "memory_format", "tensor"}
    if unknown:
        raise TypeError(
            f"to() received an invalid combination of arguments - unexpected {sorted(unknown)}{errors.here()}"
        )
    for value in (*args, kwargs.get("tensor")):
        if isinstance(value, Tensor):
            device, dtype = value._type.device, value._type.dtype
        elif isinstance(value, (str, Device)) or (isinstance(value, int) and not isinstance(value, bool)):
            device = value
        elif value is not None and not isinstance(value, bool):
            dtype = value
    return device, None if dtype is None else dtypes.as_dtype(dtype)
