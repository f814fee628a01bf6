"""Something that is done again and again while a block runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def every(seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """Do something every so many seconds, in a thread that ends with the block."""
    over = Event()

    def work() -> None:
        while not over.wait(seconds):
            do()

    thread = Thread(target=work, name="ticker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
