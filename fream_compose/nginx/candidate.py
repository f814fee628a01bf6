"""`nginx -t`: a configuration is tested before nginx reads it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from fream_compose.errors import EngineError, ProxyError, reason
from fream_compose.nginx.control import Control
from fream_compose.project.sharing import folder_mode

_FOLDER = ".candidate/nginx"  # in a folder that nobody but root and its owner enters


class Candidate(Control):
    """Tests nginx's configuration as it is, or as a change would leave it."""

    def test_as_it_is(self) -> None:
        """Check the configuration that a reload would read. Raises ProxyError."""
        self._nginx_test("/etc/nginx/nginx.conf", self._container.execute)

    def test_beside(self) -> None:
        """Check the configuration that a restart would read, also while nginx does not run.

        Raises ProxyError, and EngineError where it cannot be tried.
        """
        try:
            self._nginx_test("/etc/nginx/nginx.conf", self._container.try_out)
        except ProxyError as error:
            if isinstance(error.__cause__, EngineError) and "nginx:" not in error.why:
                raise error.__cause__ from None
            raise

    def _test(self, change: Callable[[Path], None]) -> None:
        """Check the configuration with a change that is made to the folder it is given.

        A copy of the whole folder is tested, because a reload would read all of it,
        and nothing that nginx reads may change before the test. Raises ProxyError.
        """
        sweep(self._directory)
        folder = self._directory / _FOLDER
        try:
            folder.parent.mkdir(mode=0o700)
            folder.parent.chmod(folder_mode(self._directory, 0o700))
            _copy(self._directory, folder)
            change(folder)
            self._test_copy(folder.parent)
        except OSError as error:
            raise ProxyError(
                "The new nginx configuration cannot be written", _reason(error)
            ) from error
        finally:
            sweep(self._directory)

    def _test_copy(self, closed: Path) -> None:
        configuration = f"/etc/nginx/{_FOLDER}/nginx.conf"
        try:
            self._nginx_test(configuration, self._container.execute)
        except ProxyError as error:
            if "Permission denied" not in error.why:
                raise
            # It is not root in its container. The files are as closed as those they copy.
            closed.chmod(folder_mode(self._directory, 0o711))
            self._nginx_test(configuration, self._container.execute)

    def _nginx_test(self, configuration: str, run: Callable[[str, list[str]], str]) -> None:
        try:
            run(self._name, ["nginx", "-t", "-q", "-c", configuration])
        except EngineError as error:
            raise ProxyError(
                "nginx refuses its configuration",
                error.why.replace(f"{_FOLDER}/", ""),
                next_step=f"Correct the files in {self._directory}, then run the command again",
            ) from error


def _copy(directory: Path, folder: Path) -> None:
    """Copy what nginx reads. A link may lead to what is there in its container only."""
    hidden = shutil.ignore_patterns(".*", "www")  # files for users, and many
    dangling: list[Path] = []

    def left_out(place: str, names: list[str]) -> set[str]:
        unread = hidden(place, names)
        missing = {name for name in names if not Path(place, name).exists()} - unread
        dangling.extend(Path(place, name) for name in missing)
        return unread | missing

    shutil.copytree(directory, folder, ignore=left_out)
    for link in dangling:
        (folder / link.relative_to(directory)).symlink_to(link.readlink())


def sweep(directory: Path) -> None:
    """Remove the copy that a killed run left in a folder of nginx's configuration."""
    shutil.rmtree(directory / Path(_FOLDER).parts[0], ignore_errors=True)


def _reason(error: OSError) -> str:
    # shutil.Error holds (source, target, reason) for each file; the first tells enough.
    return str(error.args[0][0][2]) if isinstance(error, shutil.Error) else reason(error)
