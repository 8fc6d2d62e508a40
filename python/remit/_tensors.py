"""Other libraries' tensors, used where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Union

from . import _core
from ._errors import BadArgument

Tensors = Union[Mapping[str, Any], Sequence[Any]]
"""Tensors by the name of their segment, or one a segment in the layout's order; aux_datas has none."""

# Kinds of devices as DLPack numbers them.
_CPU, _CUDA, _CUDA_HOST, _CUDA_MANAGED = 1, 2, 3, 13
# Types as DLPack numbers them. Unsigned integers stand for bytes of any type: NumPy has neither bf16 nor fp8.
_UNSIGNED = 1
_CODES = {"int32": {0}, "fp16": {2}, "fp32": {2}, "bf16": {4}, "fp8": set(range(7, 15))}
_ITEM_BYTES = {"int32": 4, "fp16": 2, "fp32": 4, "bf16": 2, "fp8": 1}


@dataclass(frozen=True)
class Tensor:
    """Memory of a tensor. ``owner`` keeps it alive."""

    address: int
    nbytes: int
    code: int
    item_bytes: int
    device_type: int
    device_id: int
    owner: Any


def _of_cuda_interface(name: str, tensor: Any, writable: bool) -> Tensor:
    """By ``__cuda_array_interface__``: unlike DLPack it makes no stream wait for another."""
    told = tensor.__cuda_array_interface__
    address, read_only = told["data"]
    kind, item = told["typestr"][1], int(told["typestr"][2:])
    shape = tuple(told["shape"])
    strides = told.get("strides")
    if strides is not None and prod(shape) > 0:
        step = item
        for extent, stride in zip(reversed(shape), reversed(strides)):
            if extent != 1 and stride != step:
                raise BadArgument(f"the tensor for {name} is not contiguous: pass a contiguous copy")
            step *= extent
    if writable and read_only:
        raise BadArgument(f"the tensor for {name} is read-only")
    device = getattr(tensor, "__dlpack_device__", None)
    number = device()[1] if device is not None else 0
    code = {"i": 0, "u": _UNSIGNED, "f": 2}.get(kind, _UNSIGNED)
    return Tensor(address, prod(shape) * item, code, item, _CUDA, number, tensor)


def tensor_of(name: str, tensor: Any, writable: bool = False) -> Tensor:
    """Memory of any array that has ``__cuda_array_interface__``, DLPack or the buffer protocol.

    Raises BadArgument where it has none of them, is not contiguous, or is read-only and must not be.
    """
    if hasattr(tensor, "__cuda_array_interface__"):
        return _of_cuda_interface(name, tensor, writable)
    try:
        seen = _core.exported(tensor, writable)
    except TypeError:
        raise BadArgument(f"the tensor for {name} is a {type(tensor).__name__}; permitted: a{' writable' if writable else 'n'} "
                          "array with DLPack, __cuda_array_interface__ or the buffer protocol") from None
    if not seen.contiguous:
        raise BadArgument(f"the tensor for {name} is not contiguous: pass a contiguous copy")
    item = seen.bits // 8
    return Tensor(seen.address, prod(seen.shape) * item, seen.code, item, seen.device_type, seen.device_id, seen)


def _check_type(name: str, segment: _core.Segment, tensor: Tensor) -> None:
    if tensor.code == _UNSIGNED:
        return
    if tensor.code in _CODES[segment.dtype] and tensor.item_bytes == _ITEM_BYTES[segment.dtype]:
        return
    raise BadArgument(f"the tensor for {name} has another element type than the layout's {segment.dtype}; permitted: that, or "
                      "unsigned integers that hold its bytes")


def _check_device(name: str, memory: str, tensor: Tensor) -> None:
    """The CPU must not be made to read a GPU's memory, nor one GPU another's."""
    if memory.startswith("cuda:"):
        wanted = int(memory.removeprefix("cuda:"))
        fits = tensor.device_type in (_CUDA_HOST, _CUDA_MANAGED) or (tensor.device_type, tensor.device_id) == (_CUDA, wanted)
    else:
        fits = tensor.device_type in (_CPU, _CUDA_HOST, _CUDA_MANAGED)
    if not fits:
        raise BadArgument(f"the tensor for {name} lies on a device of DLPack kind {tensor.device_type}, number "
                          f"{tensor.device_id}; the worker's memory is {memory}: move it there, or give the worker that memory")


def _in_order(layout: _core.Layout, tensors: Tensors) -> list[Any]:
    names = [segment.kind for segment in layout.segments]
    if not isinstance(tensors, Mapping):
        given = list(tensors)
        if len(given) != len(names):
            raise BadArgument(f"{len(given)} tensors are given; the layout has {len(names)} segments: {', '.join(names)}")
        return given
    unknown = set(tensors) - set(names)
    if unknown:
        raise BadArgument(f"the layout has no segment {', '.join(sorted(map(str, unknown)))}; it has {', '.join(names)}")
    return [tensors.get(name) for name in names]


def tensors_for(layout: _core.Layout, tokens: int, tensors: Tensors, memory: str, writable: bool = False) -> list[Tensor | None]:
    """The tensors of one request in the layout's order, each checked: type, size, device. None for aux_datas."""
    found: list[Tensor | None] = []
    for segment, given in zip(layout.segments, _in_order(layout, tensors)):
        if segment.once_per_request:
            found.append(None)
            continue
        name = segment.kind
        if given is None:
            raise BadArgument(f"there is no tensor for {name}")
        tensor = tensor_of(name, given, writable)
        needed = tokens * segment.planes * segment.token_bytes
        if tensor.nbytes != needed:
            raise BadArgument(f"the tensor for {name} has {tensor.nbytes} bytes; {tokens} tokens take {needed}: "
                              f"{segment.planes} x {tokens} rows of {segment.token_bytes}")
        _check_type(name, segment, tensor)
        _check_device(name, memory, tensor)
        found.append(tensor)
    return found


def addresses_of(tensors: list[Tensor | None]) -> list[int]:
    """0 where there is none."""
    return [0 if tensor is None else tensor.address for tensor in tensors]


def segment_index(layout: _core.Layout, segment: int | str) -> int:
    """Place of a segment in the layout, by its name or as it is."""
    if isinstance(segment, int):
        return segment
    names = [s.kind for s in layout.segments]
    if segment not in names:
        raise BadArgument(f"the layout has no segment {segment}; it has {', '.join(names)}")
    return names.index(segment)
