"""What can go wrong with a request, named so that a report can count it."""

CONNECT_REFUSED = "connect_refused"
CONNECT_FAILED = "connect_failed"
HANDSHAKE = "handshake"
CERTIFICATE = "certificate"
GOAWAY = "goaway"
RESET = "reset"
EOF_NO_RESPONSE = "eof_no_response"
TRUNCATED = "truncated"
WRONG_BODY = "wrong_body"
TIMEOUT = "timeout"
PROTOCOL = "protocol"
DROPPED = "dropped"


class Failed(Exception):
    """A request that a user would have seen fail."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail


def bad_status(status: int, detail: str = "") -> Failed:
    """An answer came, but not the one asked for."""
    return Failed(f"bad_status:{status}", detail)
