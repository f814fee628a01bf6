"""The usual reason for a check that fails, and what to change."""

from fream_compose import http
from fream_compose.grpc_health import INSTALL
from fream_compose.operations.service import Service, setting_of
from fream_compose.project.release_services import APP

_OTHER_PROTOCOL = (
    "What listens on port {port} speaks no HTTP/1.1: gRPC is checked by grpc, FastCGI (PHP-FPM) "
    "by docker or command, TLS by either of them or by tcp ({by})"
)
_NO_HTTP = ("without an answer", "reset", "does not speak HTTP", "broke off")


def of_answer(answer: http.Answer, name: str = APP) -> str:
    """Why an answer of a service is not a good one; empty when that is not known."""
    path, host = setting_of(name, "path"), setting_of(name, "host")
    if answer.upstream.startswith("fream_"):
        return "nginx does not find the container: it must be in the project's network"
    if answer.upstream and answer.status in (502, 504) and not answer.connected:
        port = answer.upstream.rpartition(":")[2]
        return (
            f"nginx gets no connection to port {port} of the container: the app must listen "
            "there on 0.0.0.0, or nginx/nginx.conf name the app's port (upstream)"
        )
    if 300 <= answer.status < 400:
        why = "to log in" if "login" in answer.location else "elsewhere"
        return (
            f"The app redirects {why}: choose a path that answers by itself "
            f"({path}), or accept the status ({setting_of(name, 'statuses')})"
        )
    if answer.status == 400 and "https" in answer.body.lower():
        return "The port speaks TLS, and is asked without it: check one without, or by tcp"
    return {
        400: f"The app may reject the Host header: set {host}",
        401: f"The path wants a login: choose an open one ({path})",
        403: f"The path is not open to all: choose another ({path})",
        404: f"The path does not exist in this release: check {path}",
        421: f"The app does not serve this host: set {host}",
    }.get(answer.status, "")


def of_silence(service: Service, port: int, fault: str) -> str:
    """Why a port of a service gave no answer. port: 0 for the app's own."""
    if "no answer within" in fault:
        return "The app accepts connections but does not answer: it may wait for its database"
    # Docker's own proxy accepts and closes, too, where nothing listens behind it.
    if any(word in fault for word in _NO_HTTP) and service.listens(port):
        by = setting_of(service.name, "by")
        return _OTHER_PROTOCOL.format(port=port or service.own_port, by=by)
    if service.is_own(port):
        return (
            f"Nothing listens on the app's port: the app must listen on 0.0.0.0:{service.own_port} "
            "(SERVER_PORT names it; an app whose port is fixed: name that one in app.yaml), and "
            "may need more time (HEALTH_CHECK_TIMEOUT)"
        )
    if "no connection within" in fault or "unreachable" in fault or "no route" in fault:
        return (
            f"This server does not reach the container itself: publish the port of "
            f"{service.service} in app.yaml, as in ports: ['127.0.0.1::{port}']"
        )
    return (
        f"Nothing listens on port {port} of {service.service}: it must listen on 0.0.0.0 there, "
        "and may need more time (timeout of its health)"
    )


def of_grpc(service: Service, port: int, fault: str) -> str:
    """Why a gRPC server is not good."""
    if "not installed" in fault:
        return f"On this server: {INSTALL}"
    if "no service" in fault or "knows no" in fault:
        return (
            "Add the standard health service (grpc.health.v1) to the server, check the name "
            f"({setting_of(service.name, 'service')}), or choose another health.by"
        )
    if fault.startswith(("UNAVAILABLE", "UNKNOWN", "INTERNAL")) and service.listens(port):
        return (
            f"What listens on port {port or service.own_port} speaks no gRPC without TLS: is it "
            f"the right port ({setting_of(service.name, 'port')})? With TLS: check it by docker "
            "or command"
        )
    if fault == "connection refused" or fault.startswith("UNAVAILABLE"):
        return of_silence(service, port, "")
    return ""
