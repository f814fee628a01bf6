"""`python -m fream_compose` is `fream`."""

from fream_compose.cli.app import main

main()
