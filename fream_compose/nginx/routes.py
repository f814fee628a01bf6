"""nginx/routes/: what of users' requests leads to which service of the live release.

fream writes these files from the settings, and nginx reads them as it reads all others. Which
set is live is no part of them: a cut-over moves every service with its one rename. A release
that lacks a service is known by its folder, which names those that it has.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fream_compose.errors import ConfigurationError
from fream_compose.nginx import include, tls
from fream_compose.project.release_services import APP, Route
from fream_compose.project.settings import Settings
from fream_compose.project.x_fream import Assets
from fream_compose.release import SetName

FOLDER = "routes"
_APP, _HTTP, _CONTROL = "app.conf", "http.conf", "control.conf"
_HEAD = tls.HEAD
_WAY = "    include proxy.inc;\n    include net.inc;\n"
_PLAIN = f"{_HEAD}location / {{\n    proxy_pass http://$service_url;\n{_WAY}}}\n"
# What is no look at a file is not asked twice.
_ASSET = """\
proxy_intercept_errors on;
error_page 404 = @other_set;
error_page 418 = @live_set;
if ($request_method !~ "^(GET|HEAD)$") { return 418; }
include routes/kee[p].inc;
"""
# What a request has seen of its set and of this service is of one release: where another came
# between the two looks, both are made again.
_CHOSEN = """\
    set $service _{service};
    if (!-f {live}/{has}) {{ set $service ""; }}
    set $came "";
    if (-f {live}/$other_set) {{
        set $live_set    $other_set;
        set $live_first  $live_set;
        set $service_url fream_$live_set;
        set $service     "";
        set $came        {has};
    }}
    if (-f {live}/$came) {{ set $service _{service}; }}
"""
_OLD_FILES = """
# A file that the live release does not have, of a page from before: the other set's.
location @other_set {
    proxy_pass http://fream_$other_set$service;
    include proxy.inc;
    proxy_connect_timeout 200ms;
    proxy_intercept_errors on;
    recursive_error_pages on;
    error_page 404 502 503 504 = @live_set;
    include routes/kee[p].inc;
}
# None has it, so the live release says so.
location @live_set {
    proxy_pass http://$service_url$service;
    include proxy.inc;
}
"""
# What a second old says no more than the live release: it is asked, and where it has the file
# no longer, the kept one is good.
_KEEP = """\
proxy_cache fream_assets;
proxy_cache_key $scheme$http_host$service$request_uri;
proxy_cache_valid 200 1s;
proxy_cache_revalidate on;
proxy_cache_use_stale http_404;
proxy_ignore_headers Cache-Control Expires X-Accel-Expires;
proxy_no_cache $private_answer $http_authorization;
proxy_cache_bypass $http_authorization;
"""
_CACHE = """\
proxy_cache_path /var/cache/nginx/assets levels=1:2 keys_zone=fream_assets:10m
    inactive={days}d max_size=1g use_temp_path=off;
map $upstream_http_cache_control $private_answer {{
    "~*(private|no-store|no-cache)"  1;
}}
"""


@dataclass(frozen=True)
class Routes:
    """The files by name, and a mark of their text.

    members: the services that they lead to beside the app, and what they are in each set.
    mark: nginx says it when it has read them; empty for a project that has the app only.
    """

    files: Mapping[str, str]
    members: Mapping[SetName, Mapping[str, str]] = field(default_factory=dict)
    mark: str = ""


PLAIN = Routes({_APP: _PLAIN})


def routes_of(settings: Settings) -> Routes:
    """The routes of a project, for nginx. Pure.

    Every name, host and path was validated with the settings. Raises ConfigurationError for
    assets to which no route leads.
    """
    routes, assets = settings.routes, settings.switch.assets
    services = tuple(dict.fromkeys(r.service for r in routes if r.service != APP))
    hosts = tuple(dict.fromkeys(r.host for r in routes if r.host))
    _reject_lost(routes, assets)
    app = {_APP: _HEAD + _locations(_of_host(routes, ""), assets)}
    secure = tls.of(settings, hosts)
    if not hosts and not secure.files and app == PLAIN.files:
        return PLAIN
    files = {f"host-{h}.inc": _HEAD + _locations(_of_host(routes, h), assets) for h in hosts}
    files |= {"keep.inc": _HEAD + _KEEP} if assets.keep_days else {}
    files |= {"asset.inc": _HEAD + _ASSET} if assets.paths else {}
    parts = (
        *([_CACHE.format(days=assets.keep_days)] if assets.keep_days else []),
        *(_upstream(settings, r, name) for r in _first(routes) for name in SetName),
        *(_server(host, secure.redirect) for host in hosts),
        secure.servers,
    )
    files[_HTTP] = _HEAD + "".join(parts)
    files |= app | secure.files
    doors = "".join(_door(s, name) for s in (APP, *services) for name in SetName) + secure.door
    mark = hashlib.sha256(repr((files, doors)).encode()).hexdigest()[:16]
    files[_CONTROL] = f"{_HEAD}add_header X-Routes {mark} always;\n{doors}"
    files |= {tls.CHALLENGE: tls.challenge(mark)} if secure.files else {}
    sets = settings.sets.items()
    members = {name: {s: found.members[s] for s in services} for name, found in sets}
    return Routes(files, members, mark)


def _of_host(routes: tuple[Route, ...], host: str) -> tuple[Route, ...]:
    return tuple(route for route in routes if route.host == host)


def _first(routes: tuple[Route, ...]) -> Iterator[Route]:
    """One route to each service beside the app, whose upstreams are nginx.conf's own."""
    yield from {r.service: r for r in reversed(routes) if r.service != APP}.values()


def _locations(routes: tuple[Route, ...], assets: Assets) -> str:
    ways = {place: _location(place, r) for r in routes for place in _places(r.path)}
    for path in assets.paths:
        if owner := _owner(path, routes):
            ways |= {
                p: _location(p, owner, f"    include {FOLDER}/asset.inc;\n") for p in _places(path)
            }
    return "".join(ways.values()) + (_OLD_FILES if assets.paths and ways else "")


def _places(path: str) -> tuple[str, ...]:
    """What nginx matches for a path and what is below it; /api is not /apiary."""
    return (path,) if path == "/" else (f"= {path}", f"{path}/")


def _owner(path: str, routes: tuple[Route, ...]) -> Route | None:
    """The route with the longest path that holds another one."""
    holding = (r for r in routes if f"{path}/".startswith(r.path.rstrip("/") + "/"))
    return max(holding, key=lambda r: len(r.path), default=None)


def _reject_lost(routes: tuple[Route, ...], assets: Assets) -> None:
    if lost := [path for path in assets.paths if not _owner(path, routes)]:
        raise ConfigurationError(
            f"No service is asked for {lost[0]} (x-fream.assets.paths)",
            "It is below none of the paths of x-fream.services",
            next_step="Name a path that leads to a service",
        )


def _location(place: str, route: Route, more: str = "") -> str:
    url, chosen = "$service_url", ""
    if route.service != APP:
        url += "$service"
        has = f"{include.SERVICE}{route.service}"
        chosen = _CHOSEN.format(service=route.service, has=has, live=f"/etc/nginx/{include.LINK}")
    return f"location {place} {{\n{chosen}    proxy_pass http://{url};\n{_WAY}{more}}}\n"


def _upstream(settings: Settings, route: Route, name: SetName) -> str:
    upstream, host = f"fream_{name}_{route.service}", settings.sets[name].members[route.service]
    return (
        f"upstream {upstream} {{\n    zone {upstream} 128k;\n"
        f"    server {host}:{route.port} resolve max_fails=0;\n    include upstream.inc;\n}}\n"
    )


def _server(host: str, redirect: str) -> str:
    return (
        f"server {{\n    listen 80;\n    server_name {tls.server_name(host)};\n"
        f"    include live.inc;\n{redirect}"
        "    include site.d/*.conf;\n    include unavailable.inc;\n"
        f"    include {FOLDER}/host-{host}.inc;\n}}\n"
    )


def _door(service: str, name: SetName) -> str:
    """To a service of a named set on the control port, live or not, for who has the key."""
    upstream = f"fream_{name}" if service == APP else f"fream_{name}_{service}"
    return (
        f"location /service/{service}/{name}/ {{\n"
        "    if (!-f /etc/nginx/.key/$control_key) { return 403; }\n"
        f"    proxy_pass http://{upstream}/;\n    include proxy.inc;\n"
        '    proxy_set_header X-Fream-Key "";\n}\n'
    )
