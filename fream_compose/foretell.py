"""What a switch would do, each step with its cause. Pure: nothing is changed."""

from dataclasses import dataclass

from fream_compose.observe import Snapshot
from fream_compose.plan import decide, diagnose
from fream_compose.settings import Settings
from fream_compose.switch import Wish


@dataclass(frozen=True)
class Foretold:
    """A step and why it would be taken."""

    title: str
    cause: str


def steps(seen: Snapshot, wish: Wish, settings: Settings) -> tuple[Foretold, ...]:
    """The plan of a switch from what was really seen."""
    plan, switch = decide(seen), settings.switch
    old, new = plan.replaces, plan.target
    live = f"{old.version.short} in {old.set} is live" if old else "nothing is live"
    found = [Foretold("Put right", mend.value) for mend in diagnose(seen)]
    if plan.warm:
        found.append(Foretold(f"Remove {new}", "it was kept warm, and its place is needed"))
    found += [
        Foretold(f"Pull {wish.version.tag}", f"pull is {switch.pull!r}; its digest is pinned"),
        Foretold(f"Start {new}", live),
        Foretold("Check its health", f"{switch.health.path} on its own port"),
        Foretold("Check it through nginx", "its own port alone does not prove that nginx finds it"),
    ]
    if switch.warm_up.paths:
        found.append(Foretold("Warm it up", f"{switch.warm_up.requests} requests"))
    if wish.hold:
        found.append(Foretold("Hold", "for fream promote or fream abort"))
    found.append(Foretold(f"Cut over to {new}", "nginx confirms with an id of this switch"))
    if old:
        seconds = switch.drain.timeout.total_seconds()
        found.append(Foretold(f"Drain {old.set}", f"at most {seconds:g} s"))
        warm = wish.keep_warm or switch.keep_warm
        found.append(
            Foretold(f"Keep {old.set} running", f"for {warm}, for an instant rollback")
            if warm
            else Foretold(f"Stop and remove {old.set}", "nothing is in flight to it then")
        )
    return tuple(found)
