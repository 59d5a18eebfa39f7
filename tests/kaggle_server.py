"""A server on loopback with the part of Kaggle's API that kagglesdk and kagglehub use, and with faults.

The clients use it as their proxy for all addresses, so that no request leaves the machine.
"""

import base64
import hashlib
import http.server
import json
import random
import secrets
import socket
import threading

from malformed_zip import zipped

TOKEN = "KGAT_" + secrets.token_hex(16)  # random, so that no file contains a secret
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")


class KaggleServer:
    """The server and its state.

    Attributes:
        files: {name: bytes} of the competition's archive; `archive`, if not None, is used instead.
        fault: the name of what goes wrong, or "ok".
        requests: paths of the requests so far, in order, and `hosts` their hosts.
        ranges: first byte of each download.
        uploads: the bytes of each uploaded answer file.
        submissions: {number: request}, and `lookups` how often the score of one was requested.
    """

    def __init__(self, files, fault="ok"):
        self.files, self.fault, self.archive = files, fault, None
        self.requests, self.hosts, self.uploads, self.ranges = [], [], [], []
        self.submissions, self.lookups, self.cuts = {}, 0, random.Random(1)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
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
        """Return the environment variables with which a client sends its requests to this server."""
        settings = {
            "HOME": str(home),
            "KAGGLEHUB_CACHE": str(home / "cache"),
            "KAGGLE_CONFIG_DIR": str(home / ".kaggle"),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "no_proxy": "",
            "NO_PROXY": "",
        }
        settings |= dict.fromkeys(PROXIES, self.address)
        return settings | ({"KAGGLE_API_TOKEN": token} if token else {})

    def connect(self, home, monkeypatch):
        """Have the clients in this process use this server, with short timeouts and delays."""
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in self.environment(home).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("digits.data.kaggle_requests.TIMEOUTS", (5, 5))
        monkeypatch.setattr("digits.data.kaggle_requests.RETRY_DELAYS", (0.01, 0.01, 0.01))

    def count(self, path):
        """Count the requests whose path contains a text."""
        return sum(path in request for request in self.requests)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Print nothing when a client closes the connection."""


def _handler(kaggle):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_POST(self):
            body = self._read()
            service = self.path.rpartition("/")[2]
            if kaggle.fault == "hang":
                kaggle.closing.wait(30)
                return None
            if self._credentials() is None or kaggle.fault == "401":
                return self._json(401, {"code": 401, "message": "Unauthenticated"})
            if kaggle.fault in ("403", "404", "429", "500", "503"):
                return self._json(int(kaggle.fault), {"code": int(kaggle.fault), "message": "fault"})
            if kaggle.fault == "token in the message":
                return self._json(400, {"code": 400, "message": f"bad header {self.headers['Authorization']}"})
            if kaggle.fault == "429 then ok" and len(kaggle.requests) <= 2:
                return self._json(429, {"code": 429, "message": "slow down"})
            if kaggle.fault == "dropped then ok" and len(kaggle.requests) <= 2:
                return self.connection.shutdown(socket.SHUT_RDWR)
            services = {
                "DownloadDataFiles": self._redirect_to_download,
                "StartSubmissionUpload": self._start_upload,
                "CreateSubmission": self._create_submission,
                "GetSubmission": self._get_submission,
            }
            return services[service](json.loads(body or b"{}"))

        def do_GET(self):
            self._read()
            content = zipped(kaggle.files) if kaggle.archive is None else kaggle.archive
            first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            kaggle.ranges.append(first)
            digest = hashlib.md5(content).digest()
            if kaggle.fault == "wrong MD5" or (kaggle.fault == "wrong MD5 once" and kaggle.count(".zip") == 1):
                digest = bytes(16)
            rest = content[first:]
            self.send_response(206 if first else 200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Length", str(len(rest)))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("x-goog-hash", "md5=" + base64.b64encode(digest).decode())
            self.end_headers()
            if kaggle.fault == "cut always" or (kaggle.fault == "cut once" and kaggle.count(".zip") == 1):
                rest = rest[: kaggle.cuts.randrange(len(rest) // 2, len(rest))]
                self.close_connection = True
            self.wfile.write(rest)

        def do_PUT(self):
            body = self._read()
            if kaggle.fault == "failed upload":
                return self._json(403, {"message": "expired"})
            kaggle.uploads.append(body)
            return self._json(200, {})

        def _redirect_to_download(self, request):
            assert request["competitionName"] == "digit-recognizer"
            self.send_response(302)
            self.send_header("Location", f"{kaggle.address}/storage/digit-recognizer.zip?signature=secret-of-storage")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _start_upload(self, request):
            self._json(200, {"token": "upload-1", "createUrl": f"{kaggle.address}/upload/1"})

        def _create_submission(self, request):
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

        def _get_submission(self, request):
            kaggle.lookups += 1
            if kaggle.fault == "rejected":
                state = {"status": "ERROR", "errorDescription": "Evaluation Exception: ids do not match"}
            elif kaggle.fault == "never scored" or (kaggle.fault == "slow scoring" and kaggle.lookups < 3):
                state = {"status": "PENDING"}
            else:
                state = {"status": "COMPLETE", "publicScore": "0.99757"}
            return self._json(200, {"ref": request["ref"], **state})

        def _read(self):
            kaggle.requests.append(self.path)
            kaggle.hosts.append(self.headers.get("Host", ""))
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _credentials(self):
            sent = self.headers.get("Authorization", "")
            basic = "Basic " + base64.b64encode(b"someone:" + TOKEN.encode()).decode()
            return sent if sent in (f"Bearer {TOKEN}", basic) else None

        def _json(self, status, answer):
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
