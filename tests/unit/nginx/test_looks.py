"""What a request goes to whose looks at the live release fall before and after a cut-over."""

from __future__ import annotations

import re

import pytest

from fream_compose.nginx import include
from fream_compose.release import LiveRelease, SetName, Version
from tests.unit.nginx.test_routes import UI, locations, rendered

_STEP = re.compile(r'set \$(\w+) +"?([^";]*)"?;|if \((!?)-f ([^)]+)\) \{|(\})')


def answered(text: str, before: set[str], after: set[str], renamed_at: int) -> tuple[str, str, int]:
    """The set and the service that a request goes to by these rules of nginx's, where the folder
    behind the link becomes another one before that look; and how many looks there were."""
    known, looks, skipping = {"other_set": ""}, 0, False

    def value(told: str) -> str:
        known["other_set"] = {"set1": "set2", "set2": "set1"}.get(known.get("live_set", ""), "")
        return re.sub(r"\$(\w+)", lambda found: known[found[1]], told)

    for name, told, negated, path, end in _STEP.findall(text):
        if path:
            there = value(path).removeprefix("/etc/nginx/live/") in (
                after if looks >= renamed_at else before
            )
            looks, skipping = looks + 1, there == bool(negated)
        elif end:
            skipping = False
        elif not skipping:
            known[name] = value(told)
    assert known.get("service_url", f"fream_{known['live_set']}") == f"fream_{known['live_set']}"
    return known["live_set"], known["service"], looks


@pytest.mark.parametrize("read", ["set1", "set2"])
@pytest.mark.parametrize("renamed_at", range(5))
@pytest.mark.parametrize("had", [False, True], ids=["lacked it", "had it"])
@pytest.mark.parametrize("has", [False, True], ids=["lacks it", "has it"])
def test_a_request_in_the_middle_of_a_cut_over_goes_to_what_one_of_the_two_releases_has(
    had: bool, has: bool, renamed_at: int, read: str
) -> None:
    live = include.render(LiveRelease(SetName(read), Version("1.0"), ""))[include.FILE]
    rules = live + locations(rendered(UI, "ui").files["app.conf"])["/"]
    before = {"set1", *(["has-ui"] if had else [])}
    after = {"set2", *(["has-ui"] if has else [])}

    *found, looks = answered(rules, before, after, renamed_at)

    assert looks == 4
    assert found in (["set1", "_ui" if had else ""], ["set2", "_ui" if has else ""])
