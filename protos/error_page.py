"""Write docs/errors.md from the comments of the reason enums, so that it cannot say anything else."""

import re
from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

HEAD = """# What errors mean, and whether to retry

Generated from the `ErrorReason` enums in `protos/`; `make protos` writes it again.

Every failed call carries `google.rpc.ErrorInfo`: the `reason`, the `domain`, and as metadata what is dynamic.
Where fields are at fault, `google.rpc.BadRequest` names each.
In Python, `omnithread.details_of(error)` reads both.

- *never*: sent again unchanged, it fails again.
- *same id*: send the very same request again, with the same `request_id`; it is carried out once.
- *after reading again*: something changed; read it, decide again, and send a new request.
"""

COMMENT = re.compile(r"(?P<meaning>.+) (?P<status>[A-Z_]+), retry: (?P<retry>.+)\.", re.DOTALL)
DOMAINS = {"common": "all services", "context": "aggregator.omnithread"}


def error_page(descriptor_set: bytes) -> bytes:
    """The page, from a descriptor set with source info. ValueError where a comment lacks status or retry."""
    parts = [HEAD]
    files = FileDescriptorSet.FromString(descriptor_set).file
    for file in sorted(files, key=lambda file: ("/common/" not in file.name, file.name)):
        if file.name.endswith("/error_reason.proto"):
            area = file.name.split("/")[1]
            parts.append(
                f"\n## {area}\n\nDomain: {_domain(area)}.\n\n| reason | status | meaning | retry |\n|---|---|---|---|\n"
            )
            parts.extend(_row(name, comment) for name, comment in _reasons(file))
    return "".join(parts).encode()


def _domain(area: str) -> str:
    return DOMAINS["common"] if area == "common" else f"`{DOMAINS.get(area, f'{area}.omnithread')}`"


def _reasons(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    enum, value = file.DESCRIPTOR.fields_by_name["enum_type"].number, 2  # 2: EnumDescriptorProto.value
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    for index, reason in enumerate(file.enum_type[0].value):
        if reason.number:
            yield reason.name.removeprefix("ERROR_REASON_"), " ".join(comments[enum, 0, value, index].split())


def _row(name: str, comment: str) -> str:
    told = COMMENT.fullmatch(comment)
    if told is None:
        raise ValueError(f"the comment of {name} does not end with its status and whether to retry")
    return f"| `{name}` | `{told['status']}` | {told['meaning']} | {told['retry']} |\n"
