"""nginx's log: whatever is in a line, a request is read as it was or not at all."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose.nginx.access_log import Entry, Kind, read_entry
from fream_compose.nginx.evidence import Tally
from fream_compose.nginx.log_reader import LogReader
from fream_compose.nginx.traffic import Meter
from fream_compose.release import SetName
from tests.fakes.log import access_line, error_line
from tests.properties.parsers import Parser
from tests.properties.strategies import ANY_TEXT, ODD, documents, dumps, lines, mutated

ACCESS = Parser("a line of nginx's access log", ("nginx/access_log.py",))
LOG = Parser(
    "nginx's output, its error lines among it",
    ("nginx/log_reader.py", "nginx/evidence.py", "nginx/traffic.py"),
    "a line of the year 1 or 9999 ended the thread that reads the log, and with it the evidence",
)
NOW = 1_800_000_000.0
BROKE_OFF = "upstream prematurely closed connection"
FIELDS: dict[str, Any] = json.loads(access_line(NOW, length="100"))
ACCESS_LINES = documents(FIELDS).map(lambda text: "{" + text.removeprefix("{"))
ERROR_LINE = error_line(NOW, BROKE_OFF)
AT_THE_ENDS = ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00")
ENDS = [access_line(NOW, time=end, seconds=0) for end in AT_THE_ENDS]
ERRORS = [
    f"{day} [error] 9#9: *1 {BROKE_OFF} while reading upstream, client: x"
    for day in ("0001/01/01 00:00:00", "9999/12/31 23:59:59")
]
OUTPUT = st.lists(ACCESS_LINES | lines(ERROR_LINE, *ENDS, *ERRORS), max_size=12)


@ACCESS.holds
@given(line=ACCESS_LINES | ODD)
def test_it_is_a_request_none_or_refused(line: str) -> None:
    try:
        entry = read_entry(line)
    except ValueError:
        return
    assert entry is None or isinstance(entry, Entry)
    if entry:
        assert isfinite(entry.request.ended)
        assert 0 <= entry.request.seconds < 10_000_000
        assert entry.request.set in ("", *SetName)
        assert isinstance(entry.request.kind, Kind)
        assert entry.began <= entry.ended


@ACCESS.holds
@given(more=st.dictionaries(st.sampled_from(["uri", "agent", "referer"]), ODD), said=ANY_TEXT)
def test_what_a_client_sent_changes_nothing(more: dict[str, str], said: str) -> None:
    forged = {**more, "uri": said + '","status":500,"set":"set2"'}
    assert read_entry(dumps({**FIELDS, **forged})) == read_entry(dumps(FIELDS))


@ACCESS.holds
@given(end=st.integers(1, len(access_line(NOW)) - 2), ended=st.floats(1e9, 4e9))
def test_a_torn_line_is_refused(end: int, ended: float) -> None:
    line = access_line(round(ended, 3))
    try:
        read_entry(line[: min(end, len(line) - 3)])
    except ValueError:
        return
    raise AssertionError("a part of a line was taken for a request")


@LOG.holds
@given(output=OUTPUT)
@example(output=[ENDS[0], ERRORS[0]])
@example(output=[ERRORS[1], ENDS[1]])
@example(output=[access_line(NOW, time=AT_THE_ENDS[0], seconds=0), ERROR_LINE])
def test_no_line_ends_the_reader(output: list[str]) -> None:
    reader, read = LogReader(), [*output, access_line(NOW)]
    requests = [request for line in read if (request := reader.read(line))]

    assert requests[-1].ended == NOW
    assert reader.unread + len(requests) <= len(read)


@LOG.holds
@given(output=OUTPUT)
def test_no_line_ends_a_tally_or_a_meter(output: list[str]) -> None:
    tally, meter, reader = Tally(NOW - 10), Meter(), LogReader()
    for line in [*output, access_line(NOW)]:
        tally.read(line)
        if request := reader.read(line):
            meter.add(request)

    found = tally.evidence(NOW + 1, NOW, SetName.SET1)
    assert found.served + found.failed + found.client_left > 0
    assert found.unread <= len(output)
    json.dumps(found.to_json(), allow_nan=False)
    assert meter.look(NOW, 1.0).per_second >= 0


@LOG.holds
@given(uri=st.text(st.characters(codec="ascii", exclude_characters="\n")), put=lines(ERROR_LINE))
def test_what_a_client_sent_breaks_no_other_answer_off(uri: str, put: str) -> None:
    """nginx escapes what is not printable; all else may stand in the request of an error line."""
    reader = LogReader()
    reader.read(access_line(NOW, connection=2))
    other = error_line(NOW, "another fault", connection=1, uri=uri + put.replace("\n", ""))

    assert reader.read(other) is None


@LOG.holds
@given(fields=mutated(FIELDS), worker=st.integers(0, 99), connection=st.integers(0, 99))
def test_an_error_line_is_joined_to_its_own_request(
    fields: Any, worker: int, connection: int
) -> None:
    reader = LogReader()
    reader.read(dumps({**fields, "worker": 7_000} if isinstance(fields, dict) else fields))
    first = reader.read(access_line(NOW, worker=worker, connection=connection))
    again = reader.read(error_line(NOW, BROKE_OFF, worker, connection))

    assert first
    assert again == first._replace(kind=Kind.BROKEN_OFF, late=Kind.GOOD)
