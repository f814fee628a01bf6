"""certbot, the ACME client: its command, its run, and what it keeps of a certificate."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wanted import HTTP, Place, Wanted, name_of

_OF_ITSELF = "dns-route53"  # it has no options: its file is in the environment
LIMIT = 600.0  # seconds for one certificate; slow DNS takes minutes
_GRACE = 5.0  # seconds in which certbot takes its challenges away when it is ended
# What a certificate's file of certbot refers to; one without was being written when it ended.
_KIND = re.compile(r"^acme\.messages\.Error: urn:ietf:params:acme:error:(\w+)", re.MULTILINE)
_PARTS = ("cert", "privkey", "chain", "fullchain")


@dataclass(frozen=True)
class Ended:
    """A run of certbot. late: it did not end in time, and was ended. kind: the ACME server's
    word for what is wrong, such as rateLimited, which is in certbot's log only."""

    code: int
    output: str
    late: bool = False
    kind: str = ""


@dataclass(frozen=True)
class Client:
    """certbot for what is wanted, with its own files in a folder of the shelf."""

    place: Place
    wanted: Wanted
    program: tuple[str, ...] = ("certbot",)
    limit: float = LIMIT

    @property
    def folder(self) -> Path:
        """certbot's own files: accounts, keys, what it got."""
        return self.place.tls / "certbot"

    def prepare(self) -> None:
        """Make the folder, for root alone."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)

    # --- a run ---

    def obtain(self, host: str, force: bool) -> Ended:
        """Get or renew a certificate, where it is due or `force`."""
        log = self.folder / "logs" / "letsencrypt.log"
        log.unlink(missing_ok=True)
        with self._settings() as settings:
            ended = self._run(self.command(host, settings, force))
        told = log.read_text(errors="replace") if ended.code and log.is_file() else ""
        return replace(ended, kind=(["", *_KIND.findall(told)])[-1])

    def command(self, host: str, settings: Path, force: bool) -> list[str]:
        """certbot's arguments; what is secret is in its settings."""
        name = name_of(host)
        due = (
            "--force-renewal" if force or self._of_another_server(name) else "--keep-until-expiring"
        )
        where = {part: str(self.folder / part) for part in ("config", "work", "logs")}
        return [
            *self.program, "certonly", "--non-interactive", "--agree-tos", due,
            "--config", str(settings), "--max-log-backups", "20",
            *(f"--{part}-dir={path}" for part, path in where.items()),
            "--cert-name", name, "--key-type", "ecdsa", "--server", self.wanted.server,
            *self._proof(), "--domain", host,
        ]  # fmt: skip

    def _proof(self) -> list[str]:
        if self.wanted.challenge == HTTP:
            return ["--webroot", "--webroot-path", str(self.place.tls / "challenges")]
        plugin = self.wanted.challenge
        options = ["--authenticator", plugin]
        if plugin == _OF_ITSELF:
            return options
        if self._secret("acme_dns"):
            options += [f"--{plugin}-credentials", str(self.place.secrets / "acme_dns")]
        if self.place.dns_seconds:
            options += [f"--{plugin}-propagation-seconds", self.place.dns_seconds]
        return options

    @contextmanager
    def _settings(self) -> Iterator[Path]:
        """What the list of processes must not show."""
        email = f"email = {self.wanted.email}" if self.wanted.email else ""
        lines = [email or "register-unsafely-without-email = true"]
        if key := self._secret("acme_eab_key"):
            lines += [f"eab-kid = {self.place.eab_kid}", f"eab-hmac-key = {key}"]
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:  # made with mode 0600
            file.write("\n".join([*lines, ""]))
            file.flush()
            yield Path(file.name)

    def _run(self, command: list[str]) -> Ended:
        with self._environment() as environment:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                output, _ = process.communicate(timeout=self.limit)
                return Ended(process.returncode, output.decode(errors="replace"))
            except subprocess.TimeoutExpired:
                return Ended(-1, _end(process), late=True)
            except BaseException:  # a signal: certbot must not stay behind
                _end(process)
                raise

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        environment = dict(os.environ)
        if self._secret("acme_dns"):
            environment["AWS_SHARED_CREDENTIALS_FILE"] = str(self.place.secrets / "acme_dns")
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as bundle:
            if root := self._secret("acme_ca"):
                from certifi import contents

                # The public ones, too: a DNS plugin speaks to its provider.
                bundle.write(f"{contents()}\n{root}\n")
                bundle.flush()
                environment["REQUESTS_CA_BUNDLE"] = bundle.name
            yield environment

    def _secret(self, name: str) -> str:
        """A file of this server's that Compose shows here; empty for none."""
        try:
            return (self.place.secrets / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    # --- what it keeps ---

    def kept(self, host: str) -> tuple[bytes, bytes] | None:
        """The chain and the key that certbot has for a host; None for none."""
        lineage = self.folder / "config" / "live" / name_of(host)
        try:
            return (lineage / "fullchain.pem").read_bytes(), (lineage / "privkey.pem").read_bytes()
        except OSError:
            return None

    def is_broken(self, host: str) -> bool:
        """Whether certbot's files of a host are not whole: it was killed as it wrote them."""
        present = [path for path in self._lineage(name_of(host)) if path.exists()]
        if not present:
            return False
        told = self._told(name_of(host))
        files = [Path(told.get(part, "")) for part in _PARTS]
        return not all(path.is_file() and path.stat().st_size for path in files)

    def set_aside(self, host: str) -> None:
        """Take the files of a host away, so that certbot begins anew; the last such are kept."""
        self._set_aside(name_of(host), self._lineage(name_of(host)))

    def set_accounts_aside(self) -> None:
        """The same for all accounts."""
        self._set_aside("accounts", [self.folder / "config" / "accounts"])

    def _set_aside(self, name: str, paths: list[Path]) -> None:
        aside = self.folder / "broken" / name
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for path in paths:
            if path.exists():
                path.rename(aside / path.parent.name)

    def _lineage(self, name: str) -> list[Path]:
        config = self.folder / "config"
        return [
            config / "renewal" / f"{name}.conf",
            config / "live" / name,
            config / "archive" / name,
        ]

    def _told(self, name: str) -> dict[str, str]:
        try:
            text = self._lineage(name)[0].read_text(encoding="utf-8")
        except (OSError, ValueError):
            return {}
        return dict(re.findall(r"^(\w+) = (.*)$", text, re.MULTILINE))

    def _of_another_server(self, name: str) -> bool:
        """A certificate that the server has not given which is wanted now: staging, say."""
        return self._told(name).get("server", self.wanted.server) != self.wanted.server


def _end(process: "subprocess.Popen[Any]") -> str:
    """End certbot and all that it started; returns what it had printed."""
    for name, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, name)
        try:
            output, _ = process.communicate(timeout=patience)
            return bytes(output or b"").decode(errors="replace")
        except subprocess.TimeoutExpired:
            continue
    return ""
