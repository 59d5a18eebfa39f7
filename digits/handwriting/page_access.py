"""Restrict a web application to requests of its own page.

The Host header protects from DNS rebinding, the Origin header from scripts of other sites. If the server is reachable
from the network, each request needs the random key of the printed address.
"""

import re
import secrets
from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_POLICY = {
    "default-src": "'none'",
    "script-src": "'unsafe-inline'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{directive} {value}" for directive, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def error_response(status: int, reason: str) -> JSONResponse:
    """Create a response with an error message that the page displays."""
    return JSONResponse({"error": reason}, status_code=status, headers=HEADERS)


class OwnPageOnly:
    """Middleware that refuses requests of other sites, and those without the key, with status 403.

    Args:
        app: the application.
        allowed_hosts: host names and addresses of the page, without port.
        key: required as `key` in the query, unless None.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: set[str], key: str | None):
        self.app, self.allowed_hosts, self.key = app, allowed_hosts, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self._find_reason_to_refuse(scope) if scope["type"] == "http" else None
        await (error_response(403, reason) if reason else self.app)(scope, receive, send)

    def _find_reason_to_refuse(self, scope):
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        name = re.sub(r":\d{1,5}$", "", host)  # any port, since an SSH tunnel may use another one
        if name not in self.allowed_hosts or origin not in (None, f"http://{host}"):
            return "only requests of the page itself are allowed"
        key = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if self.key and not secrets.compare_digest(key.encode(), self.key.encode()):
            return "the key is missing or wrong; open the address that predict_digit.py printed"
        return None
