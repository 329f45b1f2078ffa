"""Streams: queues of work on a GPU that run beside each other. Events: marks in them, to wait for and to measure time.

Work is put into the current stream of the tensors' GPU. Memory that is freed goes back to the stream it came from, so a tensor
that another stream uses has to be kept until that stream is done with it (`Event`, `Stream.wait_stream`). Backward
runs on the stream that is the current one when it is called.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu.cuda.devices import index_of, started
from autograd_gpu.device import Device
from autograd_gpu.errors import here


class Stream:
    """A queue of work on a GPU that does not wait for the default stream.

    Args:
        device: an index, "cuda:1" or a `Device`; default: the current one.
        priority: a lower number goes first; 0 is the lowest priority.
    """

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        index = index_of(device)
        self._take(started().new_stream(index, priority), index)

    def _take(self, raw: Any, index: int) -> None:
        self._raw = raw
        self._index = index

    @property
    def device(self) -> Device:
        """The GPU it belongs to."""
        return Device("cuda", self._index)

    @property
    def device_index(self) -> int:
        """The number of that GPU."""
        return self._index

    @property
    def cuda_stream(self) -> int:
        """Its handle, for other libraries; 0 for the default stream."""
        return int(self._raw.ptr)

    @property
    def priority(self) -> int:
        """A lower number goes first."""
        return int(self._raw.priority)

    def query(self) -> bool:
        """Whether all work given to it is done."""
        with _on(self._index):
            return bool(self._raw.done)

    def synchronize(self) -> None:
        """Wait until all work given to it is done."""
        with _on(self._index):
            self._raw.synchronize()

    def wait_event(self, event: Event) -> None:
        """Let the work that comes into this stream from now on wait for an event. Does not stop the program."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let the work that comes into this stream from now on wait for what another stream has now."""
        self.wait_event(stream.record_event())

    def record_event(self, event: Event | None = None) -> Event:
        """Put an event (a new one) at the end of the work given so far, and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __enter__(self) -> Stream:
        self.__dict__.setdefault("_contexts", []).append(context := StreamContext(self))
        context.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.__dict__["_contexts"].pop().__exit__(*exception)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stream):
            return NotImplemented
        return (self._index, self.cuda_stream) == (other._index, other.cuda_stream)

    def __hash__(self) -> int:
        return hash((self._index, self.cuda_stream))

    def __repr__(self) -> str:
        return f"<ag.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.cuda_stream


class ExternalStream(Stream):
    """A stream that another library made and keeps.

    Args:
        stream_ptr: its handle.
        device: the GPU it belongs to; default: the current one.
    """

    def __init__(self, stream_ptr: int, device: Any = None) -> None:
        index = index_of(device)
        self._take(started().foreign_stream(stream_ptr, index), index)


class Event:
    """A mark in a stream: done when all work before it is done.

    Args:
        enable_timing: whether `elapsed_time` is going to be asked.
        blocking: whether `synchronize` lets other threads have the processor.
        interprocess: not supported; there for programs written for PyTorch.
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        if interprocess:
            raise NotImplementedError(f"ag.cuda.Event: events between processes are not supported{here()}")
        started()
        self._timing = enable_timing
        self._blocking = blocking
        self._raw: Any = None
        self._index = -1

    def record(self, stream: Stream | None = None) -> None:
        """Put the event at the end of the work given to a stream (the current one) so far."""
        stream = current_stream() if stream is None else stream
        if self._raw is None:
            self._index = stream.device_index
            self._raw = started().new_event(
                self._index, timing=self._timing, blocking=self._blocking, interprocess=False
            )
        elif self._index != stream.device_index:
            raise RuntimeError(
                f"Event device {self._index} does not match recording stream's device {stream.device_index}.{here()}"
            )
        with _on(self._index):
            self._raw.record(stream._raw)

    def wait(self, stream: Stream | None = None) -> None:
        """Let the work that comes into a stream (the current one) from now on wait for the event."""
        stream = current_stream() if stream is None else stream
        if self._raw is not None:
            with _on(stream.device_index):
                stream._raw.wait_event(self._raw)

    def query(self) -> bool:
        """Whether the work before the event is done; True if it was not recorded."""
        return self._raw is None or bool(self._raw.done)

    def synchronize(self) -> None:
        """Wait until the work before the event is done."""
        if self._raw is not None:
            self._raw.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to a later one, both done and made with ``enable_timing=True``.

        Raises:
            ValueError: made without `enable_timing`, or not recorded.
            RuntimeError: not done yet.
        """
        both = (self, end_event)
        if not all(event._timing for event in both):
            raise ValueError(f"Both events must be created with argument 'enable_timing=True'.{here()}")
        if any(event._raw is None for event in both):
            raise ValueError(f"Both events must be recorded before calculating elapsed time.{here()}")
        if not all(event.query() for event in both):
            raise RuntimeError(f"Both events must be completed before calculating elapsed time.{here()}")
        with _on(self._index):
            return float(started().milliseconds(self._raw, end_event._raw))

    @property
    def cuda_event(self) -> int:
        """Its handle, for other libraries; 0 before it was recorded."""
        return 0 if self._raw is None else int(self._raw.ptr)

    def __repr__(self) -> str:
        return (
            f"<ag.cuda.Event {self.cuda_event:#x}>"
            if self._raw is not None
            else "<ag.cuda.Event uninitialized>"
        )


class _on:
    """Context manager: a card as the current one."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __enter__(self) -> None:
        runtime = started()
        self.before = runtime.current()
        runtime.use(self.index)

    def __exit__(self, *exception: object) -> None:
        started().use(self.before)


def _wrapped(raw: Any, index: int) -> Stream:
    found = object.__new__(Stream)
    found._take(raw, index)
    return found


def current_stream(device: Any = None) -> Stream:
    """The stream that this thread's work on a GPU (the current one) goes into."""
    index = index_of(device)
    return _wrapped(started().current_stream(index), index)


def default_stream(device: Any = None) -> Stream:
    """The stream that work goes into where none was chosen."""
    index = index_of(device)
    return _wrapped(started().default_stream(), index)


def set_stream(stream: Stream | None) -> None:
    """Make a stream the current one of this thread, and its GPU too; `ag.cuda.stream` does so for some lines only."""
    if stream is not None:
        started().use_stream(stream._raw, stream.device_index)


class StreamContext:
    """Context manager that makes a stream, and its GPU, the current ones; None changes nothing.

    >>> with ag.cuda.stream(None):
    ...     pass
    """

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is None:
            return
        self.here = current_stream()
        self.there = current_stream(self.stream.device)
        set_stream(self.stream)

    def __exit__(self, *exception: object) -> None:
        if self.stream is not None:
            set_stream(self.there)
            set_stream(self.here)


def stream(stream: Stream | None) -> StreamContext:
    """Work in the ``with`` block goes into `stream`; None changes nothing.

    >>> with ag.cuda.stream(None):
    ...     x = ag.ones(2)
    """
    return StreamContext(stream)
