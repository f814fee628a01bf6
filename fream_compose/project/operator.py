"""Who runs fream."""

import getpass
import os
import socket

_CI_JOBS = ("BUILD_TAG", "GITHUB_RUN_ID", "CI_JOB_URL")  # Jenkins, GitHub, GitLab


def who() -> str:
    """user@host of this run, and the CI job where its environment names one."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    job = next((os.environ[name] for name in _CI_JOBS if os.environ.get(name)), "")
    return f"{user}@{socket.gethostname()}" + (f" ({job})" if job else "")
