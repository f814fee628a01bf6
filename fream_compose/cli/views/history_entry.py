"""One run of the history in full, for people."""

from datetime import datetime
from pathlib import Path

from fream_compose import foreign, times
from fream_compose.cli.form import PIPE, Form
from fream_compose.project.entry import Entry, HookRun, Result
from fream_compose.release import SetName
from fream_compose.text import clean

_WIDTH = 9  # columns of the labels


def details(entry: Entry, now: datetime, log: Path | None = None, form: Form = PIPE) -> list[str]:
    """All that is known of a run. log: where that of what was taken back is."""
    before = f", in place of {entry.replaced_tag}" if entry.replaced else ""
    parts: dict[str, list[str]] = {
        "id": [entry.id],
        "kind": [f"{entry.kind}, of changed settings" if entry.settings else entry.kind],
        "command": [entry.command],
        "version": [entry.version],
        "images": _images(entry) if len(entry.images) > 1 else [],
        "set": [entry.set + before],
        "started": [f"{times.moment(entry.started)} {_zone_and_age(entry, now)}"],
        "by": [entry.by],
        "note": [entry.note],
        "promoted": [entry.promoted_by and f"by {entry.promoted_by}"],
        "result": [_result(entry)],
        "failed at": [entry.failed_step],
        "why": entry.why.splitlines(),
        "log": [f"fream logs --of {entry.short_id}", str(log)] if log else [],
        "way back": [f"none behind it: {entry.no_way_back}"] if entry.no_way_back else [],
        "steps": _steps(entry.steps),
        "warnings": list(entry.warnings),
        "hooks": [line for hook in entry.hooks for line in _hook(hook)],
        "evidence": _evidence(entry) if entry.of_release and entry.set else [],
    }
    return [
        f"{label if first else '':<{_WIDTH}} {form.fit(clean(text))}"
        for label, lines in parts.items()
        for first, text in zip([True] + [False] * len(lines), lines, strict=False)
        if text
    ]


def _zone_and_age(entry: Entry, now: datetime) -> str:
    return f"{times.zone(entry.started)}, {times.ago(entry.started, now)}"


def _result(entry: Entry) -> str:
    if entry.result in (Result.RUNNING, Result.INTERRUPTED):
        return f"{entry.result.words}{', and it serves' if entry.served else ''}"
    code = "" if entry.exit_code is None else f", exit code {entry.exit_code}"
    return f"{entry.result.words} after {times.span(entry.seconds)}{code}"


def _images(entry: Entry) -> list[str]:
    return [f"{name}@{content}" for name, content in entry.images.items()]


def _steps(steps: dict[str, float]) -> list[str]:
    width = max(map(len, steps), default=0)
    return [f"{title:<{width}}  {times.span(seconds)}" for title, seconds in steps.items()]


def _hook(hook: HookRun) -> list[str]:
    head = f"{hook.run}: {hook.result} after {times.span(hook.seconds)}"
    return [head, *(f"  {line}" for line in hook.output.splitlines())]


def _evidence(entry: Entry) -> list[str]:
    # Imported for one release in full only: the list must be there at once.
    from fream_compose.cli.views.evidence import told
    from fream_compose.nginx.evidence import Evidence

    if not entry.evidence:
        return ["none was recorded"]
    try:
        return told(foreign.made(Evidence, **entry.evidence), SetName(entry.set))
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return ["cannot be read; see --output json"]
