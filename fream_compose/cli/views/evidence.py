"""The evidence for people."""

from fream_compose.nginx.evidence import Evidence
from fream_compose.release import SetName
from fream_compose.text import count
from fream_compose.verdict import Verdict


def told(evidence: Evidence, new: SetName) -> list[str]:
    """The evidence in lines."""
    if evidence.missing and not evidence.served:
        return [f"No evidence: {evidence.missing}"]
    lines = [_counts(evidence)]
    if evidence.served or evidence.failed:
        moved = evidence.first_new is not None or evidence.last_old is not None
        lines += [_moved(evidence, new)] if moved else []  # else it failed before its cut-over
        lines.append(_latencies(evidence))
        worse = evidence.verdict is not Verdict.NO_WORSE
        lines += [compared(evidence, new)] if moved and worse else []
    if evidence.unread:
        lines.append(f"{count(evidence.unread, 'line')} of nginx's log could not be read")
    if evidence.missing:
        lines.append(f"Not the whole evidence: {evidence.missing}")
    return lines


def compared(evidence: Evidence, new: SetName) -> str:
    """How the new release fares beside the old one, with both rates."""
    if evidence.verdict is Verdict.TOO_FEW:
        failed = f", of which {evidence.new.failed} failed" if evidence.new.failed else ""
        had = f"{new} had {count(evidence.new.requests, 'request')}{failed}"
        return f"{had}: too few to tell how it fares"
    return f"{new}: {evidence.new}; {new.other} before it: {evidence.old}"


def _counts(evidence: Evidence) -> str:
    if not (evidence.served or evidence.failed or evidence.client_left):
        return (
            "Nobody used the app meanwhile: all checks were good, there is no evidence from users"
        )
    shares = ", ".join(f"{name} {count:,}" for name, count in evidence.by_set.items())
    left = f"; {evidence.client_left:,} given up by their client" if evidence.client_left else ""
    left += f"; {evidence.by_nginx:,} more by nginx itself" if evidence.by_nginx else ""
    where = "".join(f", {n:,} by {name}" for name, n in evidence.failed_by_set.items())
    part = f", {evidence.broken_off:,} of them broken off" if evidence.broken_off else ""
    failed = f"{evidence.failed:,} failed{where}{part}"
    return f"{count(evidence.served, 'request')} served, {failed} ({shares}{left})"


def _moved(evidence: Evidence, new: SetName) -> str:
    first = "none yet" if evidence.first_new is None else f"{evidence.first_new:+.2f} s"
    last = "none" if evidence.last_old is None else f"{evidence.last_old:+.2f} s"
    return (
        f"First request to {new} {first}, last answer of {new.other} {last} from the cut-over; "
        f"longest gap between requests {evidence.longest_gap_seconds:.2f} s"
    )


def _latencies(evidence: Evidence) -> str:
    parts = {"before": evidence.before, "during": evidence.during, "after": evidence.after}
    shown = (f"{n} {p.p50_ms:.0f}/{p.p99_ms:.0f}" if p else f"{n} -" for n, p in parts.items())
    return f"Latency p50/p99 in ms: {', '.join(shown)}"
