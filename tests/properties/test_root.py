"""Words, versions, images, answers: what everybody reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose import grpc_health, http
from fream_compose.errors import UsageError
from fream_compose.image_reference import ImageReference
from fream_compose.process import LIMIT, Output
from fream_compose.release import SetName, Version, moment_of, read_moment
from fream_compose.release_image import ReleaseImage, familiar, place_of, recorded
from fream_compose.text import clean, encodable
from tests.fakes.server import Sayer
from tests.properties.fixtures import in_zone
from tests.properties.parsers import Parser
from tests.properties.strategies import ANY_TEXT, DIGITS, ODD, VERSIONS, ZONES, lines

TEXT = Parser("foreign words, on any terminal", ("text.py",))
VERSION = Parser(
    "a version, a moment, the id of a switch",
    ("release.py",),
    "an id of the year 1 ended what shows it, west of Greenwich",
)
IMAGE = Parser("the name of an image", ("image_reference.py", "release_image.py"))
OUTPUT = Parser("what a hook or a command prints", ("process.py",))
HTTP = Parser(
    "an HTTP answer, and the address of one",
    ("http.py",),
    "a charset such as `idna`, and a port in IMAGE_REGISTRY that is none, were unexpected errors",
)
GRPC = Parser("a gRPC server's word on its health", ("grpc_health.py",))
ENCODINGS = [
    "ascii",
    "latin-1",
    "cp437",
    "cp949",
    "koi8-r",
    "shift_jis",
    "utf-8",
    "utf-16",
    "gb18030",
]


@TEXT.holds
@given(text=ODD | ANY_TEXT)
def test_what_is_clean_steers_no_terminal(text: str) -> None:
    shown = clean(text)

    assert len(shown) == len(text)
    assert clean(shown) == shown
    assert "\x1b" not in shown
    kinds = {unicodedata.category(sign) for sign in shown if sign not in "\n\t\u200c\u200d"}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@TEXT.holds
@given(text=ODD | ANY_TEXT, encoding=st.sampled_from(ENCODINGS))
def test_what_is_encodable_can_be_written(text: str, encoding: str) -> None:
    written = encodable(text, encoding).encode(encoding)

    assert encodable(written.decode(encoding), encoding).encode(encoding) == written


@VERSION.holds
@given(text=VERSIONS)
def test_a_version_is_read_as_it_is_written(text: str) -> None:
    version = Version.parse(text)

    assert Version.parse(str(version)) == version
    assert text in (str(version), version.digest)


@VERSION.holds
@given(text=lines("1.0.1", "sha256:" + "a" * 64, "1.0@sha256:" + "a" * 64))
def test_any_text_is_a_version_or_a_wrong_word(text: str) -> None:
    try:
        version = Version.parse(text)
    except UsageError:
        return
    assert str(version).isascii()
    assert str(version).isprintable()
    assert len(str(version)) <= 200


@VERSION.holds
@given(
    text=lines("20260101T000000Z-3f9a1c", "2026-01-01T00:00:00+09:00", "00010101T000000Z"),
    zone=ZONES,
)
@example("00010101T000000Z", "America/Los_Angeles")
@example("9999-12-31T23:59:59+00:00", "Asia/Seoul")
def test_a_moment_is_in_every_clocks_reach(text: str, zone: str) -> None:
    with in_zone(zone):
        if since := moment_of(text):
            assert since.astimezone()
        try:
            moment = read_moment(text)
        except ValueError:
            return
        assert moment.tzinfo
        assert moment.astimezone() == moment


@GRPC.holds
@given(answer=st.binary(max_size=4) | st.integers(0, 255).map(lambda value: bytes([8, value])))
def test_any_bytes_are_a_status_or_none(answer: bytes) -> None:
    try:
        status = grpc_health.read(answer)
    except http.Unreachable:
        return
    assert answer == b"" or answer[0] == 8
    assert (status == "SERVING") == (answer == b"\x08\x01")


@GRPC.holds
@given(service=st.text("abcXYZ.é_", min_size=1, max_size=300))
@example("a" * 127)
@example("a" * 128)
@example("a" * 20_000)
def test_a_service_is_asked_for_as_protobuf_writes_it(service: str) -> None:
    kind, *rest = grpc_health.request(service)
    size = shift = 0
    while True:
        byte = rest.pop(0)
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break

    assert kind == 0x0A
    assert size == len(rest)
    assert bytes(rest).decode() == service


@IMAGE.holds
@given(
    text=lines("127.0.0.1:5000/shop/app:1.0@sha256:" + "a" * 64, "library/nginx:1.30") | ANY_TEXT
)
def test_a_name_is_taken_apart_without_a_loss(text: str) -> None:
    found = ImageReference.parse(text)

    whole = found.name + f":{found.tag}" * bool(found.tag) + f"@{found.digest}" * bool(found.digest)
    assert whole == text or text.endswith((":", "@")) or ":@" in text
    assert found.familiar.endswith(found.repository)
    assert found.familiar.startswith(found.registry)
    assert "/" not in found.registry


@IMAGE.holds
@given(before=ODD | ANY_TEXT, after=ODD | ANY_TEXT, version=VERSIONS)
def test_a_name_around_a_version_gives_the_version_back(
    before: str, after: str, version: str
) -> None:
    image = ReleaseImage.of(f"{before}{place_of(SetName.SET1)}{after}", SetName.SET1)

    assert image
    assert image.version_in(image.reference(version)) == version
    name = image.reference(version)
    assert recorded(name, {name: "content"}, alone=False) == "content"
    assert "@" not in familiar(image.reference(version))


@OUTPUT.holds
@given(
    pieces=st.lists(
        st.builds(bytes.__mul__, st.binary(max_size=9), st.sampled_from([1, 999, LIMIT]))
    ),
    limit=st.integers(1, LIMIT),
)
def test_what_is_kept_is_the_same_in_whatever_pieces_it_came(
    pieces: list[bytes], limit: int
) -> None:
    output, at_once, printed = Output(), Output(), b"".join(pieces)
    for piece in pieces:
        output.add(piece)
    at_once.add(printed)

    assert output.text(limit) == at_once.text(limit)
    assert len(output.text(limit)) <= 2 * limit + 40
    assert len(printed) > 2 * limit or output.text(limit) == printed.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def sayer() -> Iterator[Sayer]:
    made = Sayer()
    yield made
    made.close()


NAMES = ["Content-Length", "Transfer-Encoding", "Content-Encoding", "Location", "Set-Cookie"]
NAMES += ["Content-Type", "Connection", "X-Upstream"]
VALUES = [
    "5",
    "chunked",
    "gzip",
    "deflate, gzip",
    "text/html; charset=idna",
    "text/x; charset=utf-7",
]
VALUES += [
    "text/x; charset=punycode",
    "text/x; charset=undefined",
    "text/x; charset=unicode_escape",
]
VALUES += ["http://[", "a=b; Max-Age=" + DIGITS, "a=b; expires=Wed, 09 Jun 9999 10:18:14 GMT", "-1"]
HEADER = st.builds("{}: {}\r\n".format, st.sampled_from(NAMES) | ODD, st.sampled_from(VALUES) | ODD)
HEAD = lines("HTTP/1.1 200 OK\r\n", "HTTP/1.0 302 Found\r\n", "HTTP/1.1 100 Continue\r\n\r\n")
BODY = lines("hello", "5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello", "f" * 70 + "\r\nhello", "\\N{x}\\d")


def answering(head: str, headers: list[str], body: str) -> bytes:
    return "".join([head, *headers, "\r\n", body]).encode("utf-8", "surrogatepass")


@HTTP.holds
@given(said=st.builds(answering, HEAD, st.lists(HEADER, max_size=3), BODY) | st.binary())
@example(b"HTTP/1.1 200 OK\r\nContent-Type: text/x; charset=idna\r\n\r\n\xff")
@example(b"HTTP/1.1 200 OK\r\nContent-Type: text/x; charset=undefined\r\n\r\nx")
@example(b"HTTP/1.1 200 OK\r\nContent-Type: text/x; charset=unicode_escape\r\n\r\n\\d")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of `unicode_escape`
def test_it_is_an_answer_or_there_is_none(sayer: Sayer, said: bytes) -> None:
    sayer.says = said
    try:
        answer = http.get(sayer.url, 5.0)
    except http.Unreachable:
        return
    assert 100 <= answer.status <= 999
    assert len(answer.body) <= http.LONGEST
    assert answer.seconds >= 0
    assert isinstance(answer.location, str)
    assert isinstance(answer.upstream, str)


@HTTP.holds
@given(host=lines("127.0.0.1:5000", "registry.example.com", "[::1]:5000") | ODD)
@example("127.0.0.1:99999")
@example("[::1:5000")
def test_any_address_is_asked_or_is_none(host: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("urllib3.util.connection.create_connection", refuse)
        patch.setattr("urllib3.connection.connection.create_connection", refuse)
        with pytest.raises(http.Unreachable):
            http.get(f"http://{host}/v2/", 1.0)
