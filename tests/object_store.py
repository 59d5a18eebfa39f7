"""S3 on loopback: Moto's bucket, and a server that refuses."""

import contextlib
import http.server
import threading
import xml.etree.ElementTree

import requests
from project import Project

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}
_LISTING = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name></ListBucketResult>'


@contextlib.contextmanager
def bucket(moto_server):
    """Serve an empty bucket with the module moto.server, and yield the URL of the server."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        requests.put(f"{url}/bucket", timeout=10).raise_for_status()
        yield url
    finally:
        server.stop()


def stored(url):
    """Read all objects of the bucket: {key: bytes}."""
    listing = requests.get(f"{url}/bucket?list-type=2", timeout=10)
    keys = [node.text for node in xml.etree.ElementTree.fromstring(listing.content).iter() if node.tag.endswith("Key")]
    return {key: requests.get(f"{url}/bucket/{key}", timeout=10).content for key in keys}


@contextlib.contextmanager
def refusing(status, code):
    """Serve an empty bucket that refuses every upload, and with status 403 everything else as well; yield its URL."""
    refusal = f"<Error><Code>{code}</Code><Message>refused</Message></Error>".encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # answers `Expect: 100-continue`, which clients wait for

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "PUT" or status == 403:
                self.send(status, refusal)
            elif self.command == "GET":
                self.send(200, _LISTING)
            else:
                self.send(404, b"")

        do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

        def send(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_):
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def connect(folder, url):
    """Return the project in a folder with the bucket as its DVC remote."""
    project = Project(folder)
    project.environment |= CREDENTIALS
    project.run("dvc", "remote", "add", "--quiet", "--default", "--force", "storage", "s3://bucket/digits")
    project.run("dvc", "remote", "modify", "--quiet", "storage", "endpointurl", url)
    return project
