"""The certificates for people."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from fream_compose import times
from fream_compose.operations.certificates import HostCertificate

_HEAD = ("HOST", "HOW", "ISSUER", "DAYS LEFT", "VALID UNTIL", "LAST TRY", "")
_NONE = "HTTPS is off: TLS_HOSTS in .env names no host"


def lines(rows: Sequence[HostCertificate]) -> Iterator[str]:
    """A table, and below a host that failed, why and what to do."""
    if not rows:
        yield _NONE
        return
    now = datetime.now(UTC)
    cells = [_HEAD, *(_cells(row, now) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row, found in zip(cells, [None, *rows], strict=True):
        yield "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        if found and found.why:
            yield f"    {found.why}"
    if known := [row.until for row in rows if row.until]:
        yield f"Times are in {times.zone(known[0])}"


def _cells(row: HostCertificate, now: datetime) -> tuple[str, ...]:
    left = "-" if row.days_left is None else str(row.days_left)
    return (
        *(row.host, row.source or "-", row.issuer or "-", left),
        times.moment(row.until) if row.until else "-",
        times.ago(row.tried, now) if row.tried else "-",
        str(row.verdict),
    )
