"""fream init: a project for another app."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import find, named
from fream_compose.cli.session import session
from fream_compose.errors import UsageError

if TYPE_CHECKING:
    from fream_compose.setup.app import App

commands = typer.Typer()

_DEFAULTS = {"image": "", "app_port": 0, "health_path": "/", "mysql": False, "http_port": "80"}
_QUESTIONS = {
    "image": "The app's image, as REGISTRY/NAME",
    "name": "The project's name",
    "app_port": "The port it listens on in its container (0: it reads SERVER_PORT)",
    "health_path": "The path that answers 2xx when it is well",
    "mysql": "Does it need a MySQL beside it?",
    "http_port": "The port for its users",
}


@commands.command()
def init(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(help="Where: below -C if that is given. [.]", show_default=False)
    ] = Path(),
    image: Annotated[
        str | None, typer.Option("--image", help="REGISTRY/NAME, or NAME for Docker Hub.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the project and its network. [the folder's]")
    ] = None,
    app_port: Annotated[
        int | None,
        typer.Option(
            "--app-port",
            min=0,
            max=65535,
            help="Where the app listens in its container; 0: where SERVER_PORT says. [0]",
        ),
    ] = None,
    health_path: Annotated[
        str | None, typer.Option("--health-path", help="Answers 2xx when the app is well. [/]")
    ] = None,
    mysql: Annotated[
        bool | None, typer.Option("--mysql/--no-mysql", help="A database beside the app. [no]")
    ] = None,
    http_port: Annotated[
        str | None, typer.Option("--http-port", help="For the users: PORT or ADDRESS:PORT. [80]")
    ] = None,
    variables: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE: another variable of .env.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Renew a project's files; edited ones stay.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Set up a project for your own app.

    Its Compose files, nginx's, and .env with new passwords. Asks at a terminal for what
    is missing. FREAM_PROJECT_DIR names a project that exists: it counts for --upgrade only.
    """
    from fream_compose.setup.app import project_name

    given = context.obj if directory == Path() else (context.obj or Path()) / directory
    directory = (context.obj or Path()) / directory
    answers: dict[str, Any] = {
        "image": image,
        "name": name,
        "app_port": app_port,
        "health_path": health_path,
        "mysql": mysql,
        "http_port": http_port,
    }
    if upgrade:
        alone = {*answers.values(), *(variables or []), force} <= {None, False}
        return _upgrade(given, output, alone)
    defaults = {**_DEFAULTS, "name": project_name(directory)}
    if sys.stdin.isatty():
        answers = _asked(answers, defaults)
    chosen = {key: defaults[key] if value is None else value for key, value in answers.items()}
    with session("init", output) as run:
        app = _app(chosen, variables or [])
        _write(directory, app, force)
        told = {"directory": str(directory.absolute()), "image": app.image}
        return run.done(told, _next_steps(directory, app))


def _upgrade(given: Path | None, output: Output, alone: bool) -> None:
    """Renew the files of a project, and say which."""
    from fream_compose.cli.views.upgrade import as_json, as_text
    from fream_compose.setup.upgrade import upgrade

    with session("init", output) as run:
        if not alone:
            raise UsageError("--upgrade goes with no other setting of a project")
        compose = find(given)
        done = upgrade(compose, "fream init --upgrade")
        run.done(as_json(done, compose.parent), as_text(done, compose.parent))


def _asked(answers: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Ask for every answer that was not given as an option."""
    try:
        return {
            key: _ask(_QUESTIONS[key], defaults[key]) if value is None else value
            for key, value in answers.items()
        }
    except typer.Abort as abort:
        raise typer.Exit(130) from abort


def _ask(question: str, default: str | int | bool) -> Any:
    if isinstance(default, bool):
        return typer.confirm(question, default=default, err=True)
    return typer.prompt(question, default=None if default == "" else default, err=True)


def _app(chosen: dict[str, Any], variables: list[str]) -> "App":
    """The app, checked. Raises UsageError."""
    from fream_compose.setup.app import App, split_image

    if not chosen["image"]:
        raise UsageError(
            "--image is missing",
            "Nobody is here to ask",
            next_step="fream init --image REGISTRY/NAME",
        )
    if malformed := [text for text in variables if "=" not in text]:
        raise UsageError(f"--set {malformed[0]!r} is not NAME=VALUE")
    pairs = (text.partition("=") for text in variables)
    registry, repository = split_image(chosen.pop("image"))
    port = chosen.pop("app_port")
    given = {name: value for name, _, value in pairs}
    return App(registry=registry, repository=repository, port=port, variables=given, **chosen)


def _write(directory: Path, app: "App", force: bool) -> None:
    """Write the project unless something is in the way."""
    from fream_compose.project import lock, manifest
    from fream_compose.project.state import state_of
    from fream_compose.setup import project_files

    if manifest.is_source(directory):
        raise UsageError(
            f"{directory.absolute()} is fream's own folder",
            "Each project is made from the files in it",
            next_step="Choose another folder",
        )
    found = project_files.in_the_way(directory)
    if found and (not force or directory.is_file()):
        raise UsageError(
            f"{' and '.join(map(str, found))} would be overwritten",
            next_step="Choose another folder, or say --force",
        )
    state = state_of(directory / "compose")
    # A run that is at work there writes .env, too.
    with lock.hold(state.path, "fream init --force") if state.path.exists() else nullcontext():
        earlier = project_files.earlier_ports(directory)
        texts = project_files.render(app, project_files.template(), earlier)
        project_files.write(directory, texts)


def _next_steps(directory: Path, app: "App") -> str:
    place = [] if directory == Path() else [f"  cd {directory}"]
    place += ["  unset FREAM_PROJECT_DIR"] if named(None) else []
    runs = "MySQL and nginx" if app.mysql else "nginx"
    return "\n".join(
        [
            f"{app.name} is set up in {directory.absolute()}, for {app.image}",
            "Next:",
            *place,
            f"  fream up infra                    start {runs}",
            f"  fream switch VERSION              release {app.image}:VERSION",
            "Settings are in compose/.env and compose/compose.yaml; "
            "variables of the app itself go to compose/app.env",
        ]
    )
