"""script/mutants: breaks what carries the promise, and fails if no test notices."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.mutants.table import Mutant, StaleError, read
from tests.mutants.trial import Outcome, Trials

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("table.toml")
_LIMIT_SECONDS = 600.0


def main(words: Sequence[str] | None = None) -> int:
    """Try the mutants that were asked for; 0 when each was noticed, 1 when one lives.

    2 means that nothing was proven: a stale table, or tests that fail without a mutant.
    """
    options = _parser().parse_args(words)
    try:
        mutants = [each for each in read(options.table, options.tree) if _wanted(each, options)]
        if not mutants:
            raise StaleError("No mutant was asked for")
        return _told(mutants, Trials(options.tree, options.limit), options.workers)
    except (StaleError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _wanted(mutant: Mutant, options: argparse.Namespace) -> bool:
    words = f"{mutant.file} {mutant.promise} {mutant.text}".lower()
    return all(word.lower() in words for word in options.words)


def _told(mutants: Sequence[Mutant], trials: Trials, workers: int) -> int:
    """Try them and say how each ended."""
    alive = 0
    for mutant, outcome in _tried(mutants, trials, workers):
        if not mutant and outcome.killer:
            raise RuntimeError(f"The tests fail without any mutant: {outcome.killer}")
        alive += bool(mutant and not outcome.killer)
        print(f"{outcome.seconds:5.1f}s  {_ending(mutant, outcome.killer)}", flush=True)
    print(f"{len(mutants)} mutants, {len(mutants) - alive} killed, {alive} survived")
    return 1 if alive else 0


def _ending(mutant: Mutant | None, killer: str) -> str:
    if not mutant:
        return "the code as it is: no test fails"
    told = f"{mutant.file}: {mutant.promise}: "
    if killer:
        return told + f"killed by {killer}"
    return told + f"SURVIVED\n        {mutant.text!r}\n     -> {mutant.broken!r}"


def _tried(
    mutants: Sequence[Mutant], trials: Trials, workers: int
) -> Iterator[tuple[Mutant | None, Outcome]]:
    """Each mutant and how it ended, as they end; among them None, the code as it is."""
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(trials.hold, mutant): mutant for mutant in (None, *mutants)}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        except BaseException:
            trials.end()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="script/mutants", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutants that contain these")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--limit", type=float, default=_LIMIT_SECONDS, metavar="SECONDS", help="for one mutant"
    )
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--tree", type=Path, default=ROOT)
    return parser


if __name__ == "__main__":
    sys.exit(main())
