"""Requests that are damaged, too long or of the wrong type, each with what it may be answered with. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.hostile.honest import CANARY
from tests.hostile.web.places import POST, Place
from tests.hostile.web.raw import LOOPBACK, request

FORM = ("content-type", "application/x-www-form-urlencoded")
WELL = frozenset({200, 204, 301, 303, 400, 403, 404, 405, 409, 410, 412, 413, 414, 415, 421, 422, 429, 503})
"""What a well-formed request may be answered with; 503 where a part behind did not answer in time."""
NO_FORM = frozenset({400, 403, 404, 415})
"""A body that is none of our forms; 403 and 404 where it was looked at later than who sends it, and to whom."""
TOO_MUCH = frozenset({400, 403, 404, 413})
DAMAGED = frozenset({400, 404, 431, 414})
NOT_HTTP = frozenset({0, 400})
"""Nothing that could be answered: refused, or ended without a word."""
NOT_HERE = frozenset({400, 403, 404, 405, 421, 501})
LONG = 3_000
HUGE = 100_000
LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bad:
    """One request."""

    name: str
    raw: bytes
    allowed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Sender:
    """What every request of a browser carries."""

    host: str = LOOPBACK
    headers: tuple[tuple[str, str], ...] = ()
    form_token: str = ""

    def ask(self, method: str, target: str | bytes, *headers: tuple[str, str], body: bytes = b"") -> bytes:
        """Write a request."""
        return request(method, target, *self.headers, *headers, host=self.host, body=body)

    def form(self, fields: bytes) -> bytes:
        """Write a form's body, with the token that forms of ours have."""
        return b"form_token=" + self.form_token.encode() + b"&" + fields if self.form_token else fields


def of_place(place: Place, target: str, sender: Sender) -> Iterator[Bad]:
    """Give every case for one place."""
    yield from _addresses(place, target, sender)
    yield from _methods(place, target, sender)
    yield from _heads(place.methods[0], target, sender)
    if POST in place.methods:
        yield from _bodies(target, sender)


def _addresses(place: Place, target: str, sender: Sender) -> Iterator[Bad]:
    method = place.methods[0]
    for name, query in {
        "a query of bytes that are no text": "?%ff%fe=%c0%af&%00=%0d%0a",
        "a query of separators": "?&&==;;=&?#",
        "a query with a field a hundred times": "?" + "&".join(["from=1"] * 100),
        "a query of what no field takes": "?from=-1&to=NaN&page=1e999&days=99999999999999999999&sort=%27%22%3C",
        "a long query": f"?q={CANARY}{'x' * LONG}",
        "a personal query": f"?q={CANARY}%40example.com",
    }.items():
        yield Bad(name, sender.ask(method, target + query), WELL)
    stem = target.rpartition("/")[0]
    for name, last in {
        "a path with NUL": "%00",
        "a path of bytes that are no text": "%ff%fe%c0%af",
        "a path that climbs": "..%2f..%2f..%2fetc%2fpasswd",
        "a path that climbs in the open": "../../../etc/passwd",
        "a path with a line break": "x%0d%0aset-cookie:%20a=b",
        "a path with a script": "%3Cscript%3Ealert(1)%3C/script%3E",
        "a personal path": f"{CANARY}%40example.com",
        "a path of half a sign": "%e",
        "a long path": "x" * LONG,
    }.items():
        yield Bad(name, sender.ask(method, f"{stem}/{last}"), WELL)
    yield Bad("a huge path", sender.ask(method, f"{stem}/{'x' * HUGE}"), DAMAGED | NOT_HTTP)
    yield Bad("a path of raw bytes", sender.ask(method, target.encode() + b"\xff\xfe"), WELL | NOT_HTTP)
    yield Bad("a path with a space", sender.ask(method, target + " x"), NOT_HTTP | DAMAGED)
    yield Bad("somebody else's address", sender.ask(method, f"http://evil.example{target}"), WELL)


def _methods(place: Place, target: str, sender: Sender) -> Iterator[Bad]:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW", "get", "X" * 200):
        yield Bad(f"the method {method[:10]}", sender.ask(method, target), NOT_HERE)
    if POST not in place.methods:
        yield Bad("a POST where nothing acts", sender.ask(POST, target, FORM, body=b"a=b"), NOT_HERE)


def _heads(method: str, target: str, sender: Sender) -> Iterator[Bad]:
    for name, header in {
        "a cookie that is none": ("cookie", f"{CANARY}=; =; \x01; session=%ff"),
        "a language that is none": ("accept-language", "x" * 500 + ";q=9,*;q=NaN,,"),
        "what no answer can be": ("accept", f"{CANARY}/*;q=-1"),
        "a trace that is none": ("traceparent", f"ff-{CANARY}-0-0"),
        "baggage with a person": ("baggage", f"name={CANARY},journey={'x' * 900}"),
        "a sender's address that is none": ("x-forwarded-for", f"{CANARY}, 999.1.1.1, ::::"),
        "a range that is none": ("range", "bytes=-1-99999999999,x"),
        "a date that is none": ("if-modified-since", CANARY),
        "a referrer with a person": ("referer", f"https://example.com/?mail={CANARY}"),
    }.items():
        yield Bad(name, sender.ask(method, target, header), WELL | NOT_HTTP)
    yield Bad("a huge header", sender.ask(method, target, ("x-much", CANARY + "x" * HUGE)), DAMAGED | NOT_HTTP)
    many = [(f"x-{number}", "y" * 20) for number in range(2_000)]
    yield Bad("two thousand headers", sender.ask(method, target, *many), DAMAGED | NOT_HTTP)
    yield Bad("a header with a control character", sender.ask(method, target, ("x-odd", "a\x00b")), NOT_HTTP)
    yield Bad("a header without a name", sender.ask(method, target, ("", "a")), NOT_HTTP)
    plain = sender.ask(method, target)
    yield Bad("no host", plain.replace(f"host: {sender.host}\r\n".encode(), b""), WELL)
    yield Bad("two hosts", sender.ask(method, target, ("host", "evil.example")), WELL)
    yield Bad("another version", plain.replace(b"HTTP/1.1", b"HTTP/9.9"), WELL | NOT_HTTP)
    yield Bad("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n", NOT_HTTP)


def _bodies(target: str, sender: Sender) -> Iterator[Bad]:
    def post(*headers: tuple[str, str], body: bytes = b"") -> bytes:
        return sender.ask(POST, target, *headers, body=body)

    json, text = ("content-type", "application/json"), ("content-type", "text/plain")
    parts = ("content-type", "multipart/form-data; boundary=b")
    whole = sender.form(b"")
    yield Bad("no body", post(FORM), WELL)
    yield Bad("no type", post(body=whole + b"a=b"), NO_FORM)
    yield Bad("JSON", post(json, body=b'{"mail": "%s@example.com"}' % CANARY.encode()), NO_FORM)
    yield Bad("a text", post(text, body=CANARY.encode()), NO_FORM)
    yield Bad("bytes that are no text", post(FORM, body=whole + bytes(range(128, 256))), NO_FORM)
    yield Bad("signs that are no text", post(FORM, body=whole + b"a=%ff%fe&b=%c0%af"), NO_FORM)
    yield Bad("fields without end", post(FORM, body=whole + b"&".join([b"a=b"] * 5_000)), TOO_MUCH)
    yield Bad("a long field", post(FORM, body=whole + b"reason=" + b"x" * 20_000), WELL)
    yield Bad("a long name", post(FORM, body=whole + b"x" * 5_000 + b"=1"), TOO_MUCH)
    yield Bad("a field twice", post(FORM, body=whole + whole + b"a=1&a=2&request_id=1&request_id=2"), WELL)
    yield Bad("personal fields", post(FORM, body=whole + f"q={CANARY}%40example.com&{CANARY}=1".encode()), WELL)
    yield Bad("fields of wrong types", post(FORM, body=whole + b"quantity=NaN&line_id=-1&purpose=%00&state=[]"), WELL)
    yield Bad("too large a body", post(FORM, body=b"a=" + b"x" * LIMIT * 2), TOO_MUCH)
    yield Bad("parts without a boundary", post(("content-type", "multipart/form-data"), body=b"--b"), NO_FORM)
    yield Bad("parts without an end", post(parts, body=b'--b\r\ncontent-disposition: form-data; name="a"'), NO_FORM)
    yield Bad("parts without end", post(parts, body=b"--b\r\n\r\n\r\n" * 3_000 + b"--b--"), TOO_MUCH)
    for length in ("abc", "-1", "1e3", "9" * 30, "0x10", ""):
        raw = post(FORM, ("content-length", length), body=b"a=b")
        yield Bad(f"a length of {length[:5]!r}", raw, NOT_HTTP | TOO_MUCH)
    two = post(FORM, ("content-length", "3"), ("content-length", "4"), body=b"a=b")
    yield Bad("two lengths", two, NOT_HTTP)
    chunked = ("transfer-encoding", "chunked")
    yield Bad("a chunk of no length", post(FORM, chunked, body=b"zz\r\nabc\r\n0\r\n\r\n"), NOT_HTTP | NO_FORM)
    yield Bad("an unknown coding", post(FORM, ("transfer-encoding", "magic"), body=b"a=b"), NOT_HTTP | {501})
    packed = post(FORM, ("content-encoding", "gzip"), body=b"\x1f\x8b" + b"\x00" * 20)
    yield Bad("a packed body", packed, NO_FORM)
