"""Serve the drawing page, digits/handwriting/drawing_page.html, and the predictions for its drawings.

The server listens on 127.0.0.1 unless the user names another address, and accepts requests of its own page only, see
`digits.handwriting.page_access`.
"""

import asyncio
import base64
import io
import secrets
import socket
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import uvicorn
import yaml
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from digits.data import arrays, sources
from digits.errors import InputError
from digits.handwriting import numbers, recognizer
from digits.handwriting.ink import BlankPictureError, find_ink
from digits.handwriting.page_access import HEADERS, OwnPageOnly, error_response
from digits.handwriting.recognizer import Recognizer

PAGE = Path(__file__).with_name("drawing_page.html")
MAX_BYTES = 2_000_000
MAX_PIXELS = 1_000_000  # the page's canvas has at most 235,200
BODY_TIMEOUT = 10  # seconds


def serve(model: Recognizer, host: str, port: int, open_browser: bool) -> None:
    """Serve the page until it is interrupted.

    Args:
        model: predicts the digits.
        host: an IPv4 address of this machine, or 0.0.0.0 for all of them.
        port: 0 for any free port.
        open_browser: whether to open the page in the user's browser.

    Raises:
        InputError: the address is not one of this machine's, or the port is in use or not allowed.
    """
    listener = _listen(host, port)
    host, port = listener.getsockname()
    allowed_hosts, key = {"127.0.0.1", "localhost"}, None
    if host not in allowed_hosts:
        host = _find_network_address() if host == "0.0.0.0" else host
        allowed_hosts, key = allowed_hosts | {host}, secrets.token_urlsafe(12)
    address = f"http://{host}:{port}" + (f"/?key={key}" if key else "")
    print(f"draw at {address} (Ctrl-C to stop)", flush=True)
    if open_browser:  # in a thread, since a text browser returns only when it is closed
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
    application = make_application(model, allowed_hosts, key)
    config = uvicorn.Config(application, log_level="error", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host, port):
    # with the protocol 0, asyncio does not set TCP_NODELAY, which delays short responses by 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot listen on port {port} of {host} ({reason}); change --port or --host") from None
    listener.listen()
    return listener


def _find_network_address():
    """Find this machine's address in its network; 127.0.0.1 without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation (RFC 5737); connecting UDP sends nothing
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def make_application(model: Recognizer, allowed_hosts: set[str], key: str | None) -> Starlette:
    """Create the web application; for `allowed_hosts` and `key` see `OwnPageOnly`."""
    page = PAGE.read_text(encoding="utf-8").replace("{{training images}}", describe_training_images())
    worker = ThreadPoolExecutor(1)  # one picture at a time, in one thread, which bounds the memory

    async def show_page(request: Request) -> Response:
        return Response(page, media_type="text/html", headers=HEADERS)

    async def read_drawing(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await _read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            return error_response(408, f"the request was incomplete after {BODY_TIMEOUT} seconds")
        if body is None:
            return error_response(413, f"the drawing has more than {MAX_BYTES:,} bytes")
        number = "number" in request.query_params
        try:
            content = await asyncio.get_running_loop().run_in_executor(worker, predict, model, body, number)
        except InputError as error:
            return error_response(400, f"the drawing {error}")
        return JSONResponse(content, headers=HEADERS)

    routes = [Route("/", show_page), Route("/read", read_drawing, methods=["POST"])]
    return Starlette(routes=routes, middleware=[Middleware(OwnPageOnly, allowed_hosts=allowed_hosts, key=key)])


async def _read_body(request):
    """Read the body of a request; return None as soon as it has more than MAX_BYTES."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def predict(model: Recognizer, png: bytes, number: bool) -> dict:
    """Recognize a drawing, as one digit or as a number.

    Returns:
        The content of the response: `digits`, a list of predictions, empty for a blank drawing, and `found`, the number
        of separate digits in the drawing.

    Raises:
        InputError: it is not a PNG file, is too large, or contains too many digits.
    """
    picture = recognizer.decode_picture(png, formats=["PNG"], max_pixels=MAX_PIXELS)
    try:
        predictions = model.predict(picture, number)
    except BlankPictureError:
        return {"digits": [], "found": 0}
    digits = [
        {"digit": read.digit, "probabilities": read.rounded_probabilities(), "image": _encode_png(read.image)}
        for read in predictions
    ]
    return {"digits": digits, "found": len(digits) if number else _count_digits(picture)}


def _count_digits(picture):
    try:
        return numbers.count(find_ink(picture))
    except InputError:  # a pattern of too many marks, or several rows
        return 1


def _encode_png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def describe_training_images() -> str:
    """Describe the images that at least one member was trained on; return an empty string if they are unknown."""
    try:
        lock, params = (yaml.safe_load(Path(name).read_text(encoding="utf-8")) for name in ("dvc.lock", "params.yaml"))
        source = sources.describe(lock["stages"]["fetch"]["params"]["params.yaml"]["source"])
        fold = arrays.load_labelled("data/prepared/labelled.npz").fold
        trained = [(fold != arrays.HELD_OUT) & (fold != member) for member in params["members"]]
    except (InputError, OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return ""
    return f"Trained on {np.any(trained, axis=0).sum():,} images: {source}."
