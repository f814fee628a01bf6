"""A certbot that does as behaviour.json in a folder says, and notes how it was run.

says: what it prints, and it fails. hangs: it does not end. names, begins, issuer: of what it
issues. forgotten: the server does not know an account that was there before.
dies: it is killed while it writes what it issued (archive, links, half). kind: of the ACME
server's error, in its log.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3]), str(Path(__file__).parents[3] / "compose/acme")]
from tests.unit.acme.world import issued  # noqa: E402 - it runs by itself


def main(folder: Path, arguments: list[str]) -> int:
    parser = ArgumentParser()
    for name in ("config", "config-dir", "work-dir", "logs-dir", "cert-name", "domain", "server"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--force-renewal", action="store_true")
    asked, _ = parser.parse_known_args(arguments)
    behaviour = json.loads((folder / "behaviour.json").read_text())
    with (folder / "runs").open("a") as log:
        run = {
            "arguments": arguments,
            "pid": os.getpid(),
            "settings": Path(asked.config).read_text(),
        }
        log.write(json.dumps(run) + "\n")
    while behaviour.get("hangs"):
        time.sleep(1)
    account = Path(asked.config_dir) / "accounts" / "one"
    if behaviour.get("forgotten") and account.exists():
        behaviour |= {"says": "Account one not found.", "kind": "accountDoesNotExist"}
    account.parent.mkdir(parents=True, exist_ok=True)
    account.touch()
    if behaviour.get("says"):
        print(behaviour["says"])
        logs = Path(asked.logs_dir)
        logs.mkdir(exist_ok=True)
        kind = behaviour.get("kind")
        text = f"acme.messages.Error: urn:ietf:params:acme:error:{kind} :: and so on\n"
        (logs / "letsencrypt.log").write_text(text if kind else "")
        return 1
    conf = Path(asked.config_dir) / "renewal" / f"{asked.cert_name}.conf"
    if conf.is_file() and conf.stat().st_size and not asked.force_renewal:
        print("Certificate not yet due for renewal")
        return 0
    issue(asked.config_dir, asked.cert_name, asked.domain, asked.server, behaviour)
    return 0


def issue(config: str, name: str, host: str, server: str, behaviour: dict[str, str]) -> None:
    """Write what certbot writes, in its order."""
    begins = timedelta(seconds=float(behaviour.get("begins", 0)))
    issuer = behaviour.get("issuer", "R1")
    chain, key = issued(*behaviour.get("names", [host]), begins=begins, issuer=issuer)
    conf, live, archive = (
        Path(config) / part / file
        for part, file in (("renewal", f"{name}.conf"), ("live", name), ("archive", name))
    )
    for path in (conf.parent, live, archive):
        path.mkdir(parents=True, exist_ok=True)
    conf.touch()
    number = len(list(archive.glob("privkey*"))) + 1
    texts = {"privkey": key, "cert": chain, "chain": b"", "fullchain": chain}
    for part, text in texts.items():
        (archive / f"{part}{number}.pem").write_bytes(text or chain)
        if behaviour.get("dies") == "archive":
            die()
    for part in texts:
        link = live / f"{part}.pem"
        link.unlink(missing_ok=True)
        link.symlink_to(archive / f"{part}{number}.pem")
        if behaviour.get("dies") == "links":
            die()
    if behaviour.get("dies") == "half":
        die()
    lines = [f"{part} = {live / part}.pem" for part in texts]
    conf.write_text("\n".join([*lines, "[renewalparams]", f"server = {server}", ""]))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
