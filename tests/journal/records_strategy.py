"""Hypothesis strategies for any record of the core, read off its annotations. No rules: values need not make sense."""

import types
import typing
from enum import Enum
from typing import Any

import msgspec
from hypothesis import strategies as st

INTEGERS = st.integers(min_value=-(2**70), max_value=2**70)  # money may grow beyond 64 bits


def records(union: object) -> st.SearchStrategy[Any]:
    """Any record of a union of records."""
    return st.one_of([values(member) for member in typing.get_args(union)])


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotated type."""
    if isinstance(annotation, typing.NewType):
        return values(annotation.__supertype__)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(argument) for argument in arguments))
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([values(argument) for argument in arguments])
    if issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if issubclass(annotation, msgspec.Struct):
        hints = typing.get_type_hints(annotation)
        return st.builds(annotation, **{name: values(hints[name]) for name in annotation.__struct_fields__})
    return PLAIN[annotation]


PLAIN: dict[type, st.SearchStrategy[Any]] = {
    int: INTEGERS,
    str: st.text(max_size=50),
    bool: st.booleans(),
    types.NoneType: st.none(),
}
