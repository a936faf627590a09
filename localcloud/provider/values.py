"""Between Pulumi's property values and plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.runtime import rpc

Properties = Mapping[str, PropertyValue]


class Unknown:
    """Stands for what only an update will tell."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


def plain(value: PropertyValue) -> Any:
    """A property value without its marks; whole numbers as int, what is not yet known as UNKNOWN."""
    inner = value.value
    if _is_unknown(value):
        return UNKNOWN
    if isinstance(inner, Mapping):
        return {
            key: plain(item) for key, item in inner.items() if item.value is not None or _is_unknown(item)
        }
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_all(properties: Properties) -> dict[str, Any]:
    """All properties as plain data, those that are null left out."""
    return {
        key: plain(value)
        for key, value in properties.items()
        if value.value is not None or _is_unknown(value)
    }


def marked(data: Any, *, secret: bool = False) -> PropertyValue:
    """Plain data as a property value."""
    if isinstance(data, Unknown):
        return PropertyValue(rpc.UNKNOWN)
    if isinstance(data, Mapping):
        return PropertyValue({key: marked(item) for key, item in data.items()}, secret)
    if isinstance(data, list | tuple):
        return PropertyValue([marked(item) for item in data], secret)
    if isinstance(data, int) and not isinstance(data, bool):
        return PropertyValue(float(data), secret)
    return PropertyValue(data, secret)


def sendable(value: PropertyValue) -> PropertyValue:
    """A value that the SDK can send: it reads unknowns into a type that it does not write (pulumi 3.259)."""
    inner = value.value
    if value.type == PropertyValueType.COMPUTED:
        return value.with_value(rpc.UNKNOWN)
    if isinstance(inner, Mapping):
        return value.with_value({key: sendable(item) for key, item in inner.items()})
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return value.with_value([sendable(item) for item in inner])
    return value


def _is_unknown(value: PropertyValue) -> bool:
    return value.type == PropertyValueType.COMPUTED or value.value == rpc.UNKNOWN
