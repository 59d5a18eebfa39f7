"""A small Kaggle on loopback: it speaks what kagglehub and kagglesdk speak, and has each fault that a person may meet.

The clients reach it through a proxy setting: they ask for http://localhost/api/v1/… and for the addresses that it
hands out itself.
"""

import base64
import hashlib
import http.server
import io
import json
import random
import secrets
import socket
import threading
import zipfile
from email.utils import formatdate

TOKEN = "KGAT_" + secrets.token_hex(16)  # made anew each time: no secret stands in a file

LOOPBACK_ONLY = """
import sys
def stay(event, details):
    if event in ("socket.connect", "socket.getaddrinfo"):
        place = details[1] if event == "socket.connect" else details[0]
        host = place[0] if isinstance(place, tuple) else place
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise RuntimeError(f"a connection to {host}")
sys.addaudithook(stay)
"""  # put before a program: it fails, before anything is sent, where it would leave the machine


class KaggleServer:
    """The server and its state.

    Attributes:
        files: {name: bytes} of the competition's archive.
        fault: the name of what goes wrong, or "ok".
        requests: paths of the requests so far, in their order; `hosts` the hosts that they named.
        received: the bytes of each answer file that was uploaded.
    """

    def __init__(self, files, fault="ok"):
        self.files, self.fault, self.archive = files, fault, None
        self.requests, self.hosts, self.received, self.ranges = [], [], [], []
        self.submissions, self.looks, self.cuts = {}, 0, random.Random(1)
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.closing = threading.Event()

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def environment(self, home, token=TOKEN):
        """What a client's process needs to talk to this server and to nobody else."""
        settings = {
            "HOME": str(home),
            "KAGGLEHUB_CACHE": str(home / "cache"),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "http_proxy": self.address,
            "HTTP_PROXY": self.address,
            "https_proxy": self.address,
            "HTTPS_PROXY": self.address,
            "no_proxy": "",
            "NO_PROXY": "",
        }
        return settings | ({"KAGGLE_API_TOKEN": token} if token else {})

    def zipped(self):
        if self.archive is None:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in self.files.items():
                    archive.writestr(name, content)
            self.archive = buffer.getvalue()
        return self.archive

    def times(self, path):
        return sum(path in request for request in self.requests)


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hung up is part of the tests."""


def _handler(kaggle):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_POST(self):
            body = self._noted()
            service = self.path.rpartition("/")[2]
            if kaggle.fault == "hang":
                kaggle.closing.wait(30)
                return None
            if self._credentials() is None or kaggle.fault == "401":
                return self._json(401, {"code": 401, "message": "Unauthenticated"})
            if kaggle.fault in ("403", "404", "500", "503"):
                return self._json(int(kaggle.fault), {"code": int(kaggle.fault), "message": "as you wished"})
            if kaggle.fault == "429 then ok" and len(kaggle.requests) <= 2:
                return self._json(429, {"code": 429, "message": "slow down"})
            if kaggle.fault == "dropped then ok" and len(kaggle.requests) <= 2:
                return self.connection.shutdown(socket.SHUT_RDWR)
            return getattr(self, service)(json.loads(body or b"{}"))

        def do_GET(self):
            self._noted()
            content = kaggle.zipped()
            first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            kaggle.ranges.append(first)
            digest = hashlib.md5(content).digest()
            if kaggle.fault == "wrong MD5" or (kaggle.fault == "wrong MD5 once" and kaggle.times(".zip") == 1):
                digest = bytes(16)
            rest = content[first:]
            self.send_response(206 if first else 200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Length", str(len(rest)))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Last-Modified", formatdate(1_340_000_000, usegmt=True))
            self.send_header("x-goog-hash", "md5=" + base64.b64encode(digest).decode())
            self.end_headers()
            if kaggle.fault == "cut always" or (kaggle.fault == "cut once" and kaggle.times(".zip") == 1):
                rest = rest[: kaggle.cuts.randrange(len(rest) // 2, len(rest))]
                self.close_connection = True
            self.wfile.write(rest)

        def do_PUT(self):
            body = self._noted()
            if kaggle.fault == "failed upload":
                return self._json(403, {"message": "expired"})
            kaggle.received.append(body)
            return self._json(200, {})

        def DownloadDataFiles(self, request):
            assert request["competitionName"] == "digit-recognizer"
            self.send_response(302)
            self.send_header("Location", f"{kaggle.address}/storage/digit-recognizer.zip?signature=secret-of-storage")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def StartSubmissionUpload(self, request):
            self._json(200, {"token": "upload-1", "createUrl": f"{kaggle.address}/upload/1"})

        def CreateSubmission(self, request):
            if kaggle.fault == "daily limit":
                return self._json(
                    400, {"code": 400, "message": "Your team has used its submission allowance (10 of 10)"}
                )
            if kaggle.fault == "lost":
                self.close_connection = True
                return self.connection.shutdown(socket.SHUT_RDWR)
            ref = 41 + len(kaggle.submissions) + 1
            kaggle.submissions[ref] = request
            return self._json(200, {"message": "Successfully submitted", "ref": ref})

        def GetSubmission(self, request):
            kaggle.looks += 1
            if kaggle.fault == "rejected":
                state = {"status": "ERROR", "errorDescription": "Evaluation Exception: ids do not match"}
            elif kaggle.fault == "never scored" or (kaggle.fault == "slow scoring" and kaggle.looks < 3):
                state = {"status": "PENDING"}
            else:
                state = {"status": "COMPLETE", "publicScore": "0.99757"}
            return self._json(200, {"ref": request["ref"], **state})

        def _noted(self):
            kaggle.requests.append(self.path)
            kaggle.hosts.append(self.headers.get("Host", ""))
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _credentials(self):
            given = self.headers.get("Authorization", "")
            basic = "Basic " + base64.b64encode(b"somebody:" + TOKEN.encode()).decode()
            return given if given in (f"Bearer {TOKEN}", basic) else None

        def _json(self, status, answer):
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
