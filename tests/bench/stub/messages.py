"""Messages of MongoDB's wire protocol: what a driver sends, with its documents beside it, and what it is answered."""

import struct
from typing import Any

import bson

HEADER = struct.Struct("<iiii")
FLAGS = struct.Struct("<I")
LENGTH = struct.Struct("<i")
REPLY_HEAD = struct.Struct("<iqii")
OP_MSG, OP_QUERY, OP_REPLY = 2013, 2004, 1
BODY, SEQUENCE = 0, 1
CHECKSUM_PRESENT = 1
CHECKSUM_BYTES = 4


def read_message(message: bytes) -> tuple[int, int, str, dict[str, Any]]:
    """Give a message's number, its form, the command's name and its body, with what came beside it put in.

    Drivers greet a server in an old form until they know it.
    """
    _, number, _, code = HEADER.unpack_from(message)
    if code == OP_QUERY:
        end_of_name = message.index(b"\0", HEADER.size + FLAGS.size)
        body = bson.decode(message[end_of_name + 1 + 2 * LENGTH.size :])
        return number, code, next(iter(body)), body
    if code != OP_MSG:
        raise OSError(f"a message of form {code}")
    end = len(message)
    if FLAGS.unpack_from(message, HEADER.size)[0] & CHECKSUM_PRESENT:
        end -= CHECKSUM_BYTES
    place, body, beside = HEADER.size + FLAGS.size, dict[str, Any](), dict[str, Any]()
    while place < end:
        kind = message[place]
        size = LENGTH.unpack_from(message, place + 1)[0]
        part = message[place + 1 : place + 1 + size]
        if kind == BODY:
            body = bson.decode(part)
        elif kind == SEQUENCE:
            end_of_name = part.index(b"\0", LENGTH.size)
            beside[part[LENGTH.size : end_of_name].decode()] = bson.decode_all(part[end_of_name + 1 :])
        else:
            raise OSError("a section of an unknown kind")
        place += 1 + size
    return number, code, next(iter(body)), body | beside


def write_message(number: int, code: int, reply: dict[str, Any]) -> bytes:
    """Answer the message of this number, in the form that it had."""
    if code == OP_QUERY:
        content = REPLY_HEAD.pack(8, 0, 0, 1) + bson.encode(reply)
        return HEADER.pack(HEADER.size + len(content), 0, number, OP_REPLY) + content
    content = FLAGS.pack(0) + bytes([BODY]) + bson.encode(reply)
    return HEADER.pack(HEADER.size + len(content), 0, number, OP_MSG) + content
