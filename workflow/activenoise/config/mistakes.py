"""What is wrong with the form of a config, in one line: key, value and what would be right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError


def explained(error: ValidationError) -> str:
    """A mistake against the schema in one line: a key that is unknown, missing or wrong."""
    key = ".".join(str(part) for part in error.absolute_path) or "the config"
    if error.validator == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        unknown = sorted(str(name) for name in error.instance if name not in known)
        return f"{key}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{key}: {', '.join(missing)} missing"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key}: the name {error.instance!r} {error.schema.get('x-right', error.message)}"
    told = error
    while "x-right" not in told.schema and told.parent is not None:
        told = told.parent
    if "x-right" not in told.schema:
        told = error
    key = ".".join(str(part) for part in told.absolute_path) or "the config"
    return f"{key} = {_shown(told.instance)}: {_right(told)}{_hint(error.instance)}"


_LARGEST = 1e300  # of whole numbers, which must be floats too
_TYPES = {
    "object": "a mapping of keys to values",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


def _right(error: ValidationError) -> str:
    """What would be right: in the schema's own words (x-right), or by the rule that is broken."""
    rule = error.validator_value
    known = {
        "minimum": f"must be at least {rule}",
        "maximum": f"must be at most {rule}",
        "minItems": "must not be empty",
        "minProperties": "must not be empty",
        "type": f"must be {_TYPES.get(str(rule), rule)}",
    }
    return error.schema.get("x-right") or known.get(str(error.validator), error.message)


def _hint(value: Any) -> str:
    """YAML takes 1e-5 for text."""
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return ""
    return f" (as a number: {number:.1e})" if math.isfinite(number) else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."


def not_finite(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Keys of numbers that are infinite or not a number: YAML has both, no schema refuses them."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from not_finite(item, (*path, str(name)))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from not_finite(item, (*path, str(i)))
    elif isinstance(value, int) and abs(value) > _LARGEST:
        yield f"{'.'.join(path)} = {_shown(value)}: must be at most {_LARGEST:g}"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{'.'.join(path)} = {value}: must be a finite number"
