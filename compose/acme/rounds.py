"""One look after each host: what is in place, what certbot has, and whether it is asked."""

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import complaints
import pairs
from client import Client
from complaints import Complaint
from pairs import BadPair, Pair
from probe import nginx_serves
from record import Record, moment, pause
from shelf import CHAIN, KEY, Shelf
from wanted import HTTP, Place, Wanted

_NGINX_IN_A_PERIOD = 8640  # five seconds: nothing is spent by asking
_RENEWED_BEFORE = timedelta(days=7)  # of a certificate that is signed by itself


def say(text: str) -> None:
    """Into the container's log."""
    print(text, flush=True)


@dataclass(frozen=True)
class Rounds:
    """What is done for the wanted hosts, each by itself: one that fails is no other's matter."""

    place: Place
    wanted: Wanted
    client: Client
    record: Record
    serves: Callable[[Place, str], bool] = nginx_serves
    spread: Callable[[float, float], float] = random.uniform
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def shelf(self) -> Shelf:
        """The pairs that nginx reads."""
        return Shelf(self.place)

    def begin(self) -> None:
        """Have something in place for every host, so that nginx can start. Raises OSError."""
        with self.shelf.alone():
            self.record.load(self.wanted)
            for host in self.wanted.hosts:
                self._guarded(host, self._stand_in)
            self._save()

    def tend(self, host: str, force: bool = False, due: bool = True) -> None:
        """Look after a host, and write down how it went."""
        with self.shelf.alone():
            self.record.load(self.wanted)
            if due or force or self.is_due(host):
                self._guarded(host, lambda host: self._tend(host, force))
                self._save()

    def is_due(self, host: str) -> bool:
        """Whether its time has come; also where the clock was ahead when it was tried last."""
        last, now = self.record.tries[host], self.now()
        next_look, tried = moment(last.next), moment(last.tried)
        early = next_look is not None and next_look > now and not (tried and tried > now)
        return self.wanted.source == "acme" and not early

    def must_wait(self, host: str) -> bool:
        """Whether the ACME server takes no order for it yet, as it said."""
        until = moment(self.record.tries[host].told_to_wait)
        return until is not None and until > self.now()

    def seconds_to_next(self) -> float:
        """Until a host is due."""
        looks = [moment(self.record.tries[host].next) or self.now() for host in self.wanted.hosts]
        if self.wanted.source != "acme" or not looks:
            return float("inf")
        return (min(looks) - self.now()).total_seconds()

    def put_own(self, hosts: list[str], pair: Pair) -> None:
        """Show a pair of the user's own. Raises BadPair, and then for none; or OSError."""
        with self.shelf.alone():
            self.record.load(self.wanted)
            for host in hosts:
                pairs.checked(pair, host, self.now())
            for host in hosts:
                if self.in_place(host) != pair or self.shelf.source(host) != "own":
                    self._put(host, pair, "own")
                if host in self.record.tries:
                    self._succeeded(host, None)
            self._save()

    def in_place(self, host: str) -> Pair | None:
        """What is shown for a host, where that can be read."""
        folder = self.shelf.in_place(host)
        if folder is None:
            return None
        try:
            return pairs.loaded((folder / CHAIN).read_bytes(), (folder / KEY).read_bytes())
        except (OSError, BadPair):
            return None

    def is_good(self, host: str) -> bool:
        """Whether what is in place is what was asked for."""
        pair = self.in_place(host)
        if pair is None or self.record.tries[host].error:
            return False
        return self.shelf.source(host) == self.wanted.source and pair.not_after > self.now()

    def text(self) -> str:
        """state.json."""
        shown = {host: (self.shelf.source(host), self.in_place(host)) for host in self.wanted.hosts}
        return self.record.text(shown)

    # --- one host ---

    def _guarded(self, host: str, deed: Callable[[str], None]) -> None:
        try:
            deed(host)
        except BadPair as error:
            self._failed(host, Complaint(f"Not put in place: {error}", complaints.hint_of(error)))
        except OSError as error:
            self._failed(host, complaints.of_system(error))
        except Exception as error:  # a fault of ours: what is in place goes on
            say(traceback.format_exc())
            hint = "This is a fault in fream; the log of the container acme has more"
            self._failed(host, Complaint(f"The keeper failed: {type(error).__name__}", hint))

    def _stand_in(self, host: str) -> None:
        pair = self.in_place(host)
        late = self.now() + _RENEWED_BEFORE
        if pair and not (self.shelf.source(host) == "self-signed" and pair.not_after < late):
            return
        if self.wanted.source == "acme" and self._took_over_quietly(host):
            return
        self.shelf.put(host, pairs.self_signed(host, self.now()), "self-signed")
        say(f"{host}: a self-signed certificate is in place until there is a better one")

    def _tend(self, host: str, force: bool) -> None:
        self._stand_in(host)
        if self.wanted.source == "own":
            self._judge_own(host)
            return
        self._took_over_quietly(host)
        if self.wanted.challenge == HTTP and not self.serves(self.place, host):
            seconds = self.place.period / _NGINX_IN_A_PERIOD
            self._note(host, complaints.NO_NGINX, seconds)
            return
        if complaint := self._asked(host, force):
            self._failed(host, complaint)
            return
        self._take_over(host)
        later = self.now() + timedelta(seconds=pause(0, self.place.period, self.spread))
        self._succeeded(host, pairs.stamp(later))

    def _asked(self, host: str, force: bool) -> Complaint | None:
        """Have certbot do it; once more from the start when its files are found half-written."""
        if self.client.is_broken(host):
            self._set_aside(host)
        ended = self.client.obtain(host, force)
        if ended.kind == "accountDoesNotExist":
            say(f"{host}: the ACME server has forgotten our account; there will be another")
            self.client.set_accounts_aside()
            ended = self.client.obtain(host, force)
        if self._left_half(host) or complaints.is_about_files(ended.output):
            self._set_aside(host)
            ended = self.client.obtain(host, force)
        if ended.code == 0 and self.client.kept(host):
            return None
        say("\n".join(f"  certbot: {line}" for line in ended.output.splitlines()))
        return complaints.of_run(ended, host, self.wanted)

    def _left_half(self, host: str) -> bool:
        kept = self.client.kept(host)
        try:
            if kept:
                pairs.loaded(*kept)
        except BadPair:
            return True
        return self.client.is_broken(host)

    def _set_aside(self, host: str) -> None:
        say(f"{host}: certbot's files are not whole; they are set aside, and made anew")
        self.client.set_aside(host)

    def _took_over_quietly(self, host: str) -> bool:
        """What certbot had when it or we were ended: nobody needs to be asked for it."""
        try:
            return self._take_over(host)
        except BadPair:
            return False

    def _take_over(self, host: str) -> bool:
        """Put in place what certbot has, when that is new. Raises BadPair, OSError."""
        kept = self.client.kept(host)
        if not kept:
            return False
        found = pairs.checked(pairs.loaded(*kept), host, self.now())
        shown = self.in_place(host) if self.shelf.source(host) == "acme" else None
        if shown and shown.sha256 == found.sha256:
            return True
        # One of the same issuer: others date theirs otherwise, such as to the begin of the day.
        older = shown and shown.issuer == found.issuer and found.not_before < shown.not_before
        if shown and older and shown.not_after > self.now():
            raise BadPair("it is older than the one in place")
        self._put(host, found, "acme")
        return True

    def _put(self, host: str, pair: Pair, source: str) -> None:
        self.shelf.put(host, pair, source)
        say(f"{host}: in place, from {pair.issuer}, until {pairs.stamp(pair.not_after)}")

    def _judge_own(self, host: str) -> None:
        pair = self.in_place(host)
        if self.shelf.source(host) != "own":
            hint = "Type: fream certificates renew"
            self._failed(host, Complaint("Your own certificate is not in place yet", hint))
        elif pair:
            pairs.checked(pair, host, self.now())
            self._succeeded(host, None)

    # --- how it went ---

    def _succeeded(self, host: str, later: str | None) -> None:
        tried = pairs.stamp(self.now())
        self.record.update(
            host, tried=tried, failures=0, error="", hint="", next=later, told_to_wait=None
        )

    def _failed(self, host: str, complaint: Complaint) -> None:
        failures = self.record.tries[host].failures + 1
        self.record.update(host, tried=pairs.stamp(self.now()), failures=failures)
        self._note(host, complaint, pause(failures, self.place.period, self.spread))

    def _note(self, host: str, complaint: Complaint, seconds: float) -> None:
        later = self.now() + timedelta(seconds=seconds)
        if until := complaint.not_before:
            later = max(later, until)
        if self.record.tries[host].error != complaint.error:
            say(f"{host}: {complaint.error}. {complaint.hint}")
        self.record.update(
            host,
            error=complaint.error,
            hint=complaint.hint,
            next=pairs.stamp(later),
            told_to_wait=pairs.stamp(until) if until else None,
        )

    def _save(self) -> None:
        try:
            self.record.save(self.text())
            self.record.unsaved = False
        except OSError as error:
            self.record.unsaved = True
            say(f"state.json cannot be written: {complaints.of_system(error).error}")
