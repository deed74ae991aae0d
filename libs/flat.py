"""The fields of a value whose fields are plain, for a document.

`dataclasses.asdict` gives the same, and copies whatever might be inside, which costs more than all else in a write.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def flat_fields(value: "DataclassInstance") -> dict[str, Any]:
    """Give the fields of a dataclass by name, as they are."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
