"""Print a proto2 file descriptor as `.proto` source.

Wheels ship descriptors without the source that other languages and `buf` need; this gives the source back.
It knows what `buf/validate/validate.proto` uses and refuses what it does not know, so nothing is lost silently.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from google.protobuf import descriptor_pb2, text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

Field = descriptor_pb2.FieldDescriptorProto

SCALARS = {
    Field.TYPE_DOUBLE: "double",
    Field.TYPE_FLOAT: "float",
    Field.TYPE_INT64: "int64",
    Field.TYPE_UINT64: "uint64",
    Field.TYPE_INT32: "int32",
    Field.TYPE_FIXED64: "fixed64",
    Field.TYPE_FIXED32: "fixed32",
    Field.TYPE_BOOL: "bool",
    Field.TYPE_STRING: "string",
    Field.TYPE_BYTES: "bytes",
    Field.TYPE_UINT32: "uint32",
    Field.TYPE_SFIXED32: "sfixed32",
    Field.TYPE_SFIXED64: "sfixed64",
    Field.TYPE_SINT32: "sint32",
    Field.TYPE_SINT64: "sint64",
}
LABELS = {
    Field.LABEL_OPTIONAL: "optional ",
    Field.LABEL_REQUIRED: "required ",
    Field.LABEL_REPEATED: "repeated ",
}
FIELD_NUMBER_END = 536870912


def print_file(file: descriptor_pb2.FileDescriptorProto, *, pool: DescriptorPool) -> str:
    """Give the source of `file`; `pool` knows its imports and the extensions used as options in it."""
    if file.service or file.syntax not in ("", "proto2"):
        raise NotImplementedError(f"{file.name}: only proto2 files without services are printed")
    return "\n".join(_file_lines(file, pool)) + "\n"


def _file_lines(file: descriptor_pb2.FileDescriptorProto, pool: DescriptorPool) -> Iterator[str]:
    yield from ('syntax = "proto2";', "", f"package {file.package};", "")
    yield from (f'import "{name}";' for name in file.dependency)
    yield ""
    yield from (f"option {option};" for option in _options(file.options, pool))
    for extension in file.extension:
        yield from ("", f"extend {extension.extendee} {{", f"  {_field(extension, pool)}", "}")
    for message in file.message_type:
        yield from ("", *_message_lines(message, pool))
    for enum in file.enum_type:
        yield from ("", *_enum_lines(enum, pool))


def _message_lines(message: descriptor_pb2.DescriptorProto, pool: DescriptorPool) -> Iterator[str]:
    if message.extension:
        raise NotImplementedError(f"{message.name}: nested extensions are not printed")
    yield f"message {message.name} {{"
    yield from (f"  option {option};" for option in _options(message.options, pool))
    yield from (f"  reserved {numbers.start} to {numbers.end - 1};" for numbers in message.reserved_range)
    yield from (f'  reserved "{name}";' for name in message.reserved_name)
    for nested in message.nested_type:
        yield from _indent(_message_lines(nested, pool))
    for enum in message.enum_type:
        yield from _indent(_enum_lines(enum, pool))
    yield from _indent(_field_lines(message, pool))
    for numbers in message.extension_range:
        if numbers.HasField("options"):
            raise NotImplementedError(f"{message.name}: options of extension ranges are not printed")
        end = "max" if numbers.end == FIELD_NUMBER_END else str(numbers.end - 1)
        yield f"  extensions {numbers.start} to {end};"
    yield "}"


def _field_lines(message: descriptor_pb2.DescriptorProto, pool: DescriptorPool) -> Iterator[str]:
    index = {field.name: field.oneof_index if field.HasField("oneof_index") else None for field in message.field}
    for oneof, fields in groupby(message.field, key=lambda field: index[field.name]):
        if oneof is None:
            yield from (_field(field, pool) for field in fields)
            continue
        yield f"oneof {message.oneof_decl[oneof].name} {{"
        declared = message.oneof_decl[oneof].options
        yield from (f"  option {option};" for option in _options(declared, pool))
        yield from (f"  {_field(field, pool)}" for field in fields)
        yield "}"


def _enum_lines(enum: descriptor_pb2.EnumDescriptorProto, pool: DescriptorPool) -> Iterator[str]:
    yield f"enum {enum.name} {{"
    yield from (f"  option {option};" for option in _options(enum.options, pool))
    for numbers in enum.reserved_range:
        yield f"  reserved {numbers.start} to {numbers.end};"
    for name in enum.reserved_name:
        yield f'  reserved "{name}";'
    for value in enum.value:
        yield f"  {value.name} = {value.number}{_bracketed(_options(value.options, pool))};"
    yield "}"


def _field(field: descriptor_pb2.FieldDescriptorProto, pool: DescriptorPool) -> str:
    if field.HasField("default_value"):
        raise NotImplementedError(f"{field.name}: default values are not printed")
    kind = SCALARS.get(field.type) or field.type_name
    label = "" if field.HasField("oneof_index") else LABELS[field.label]
    return f"{label}{kind} {field.name} = {field.number}{_bracketed(_options(field.options, pool))};"


def _options(options: Message, pool: DescriptorPool) -> list[str]:
    """Read options again with the pool's types, which turn extensions from unknown bytes into fields."""
    known = GetMessageClass(pool.FindMessageTypeByName(options.DESCRIPTOR.full_name))()
    known.ParseFromString(options.SerializeToString())
    printed = []
    for descriptor, value in known.ListFields():
        name = f"({descriptor.full_name})" if descriptor.is_extension else descriptor.name
        values = value if descriptor.is_repeated else [value]
        printed += [f"{name} = {_option_value(descriptor, one)}" for one in values]
    return printed


def _option_value(descriptor: FieldDescriptor, value: object) -> str:
    if isinstance(value, Message):
        return "{ " + text_format.MessageToString(value, as_one_line=True).strip() + " }"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if descriptor.enum_type is not None and isinstance(value, int):
        return descriptor.enum_type.values_by_number[value].name
    return str(value)


def _bracketed(options: list[str]) -> str:
    return f" [{', '.join(options)}]" if options else ""


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
