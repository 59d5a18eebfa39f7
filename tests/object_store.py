"""An S3 bucket on loopback, served by Moto."""

import contextlib
import xml.etree.ElementTree

import requests

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "AWS_DEFAULT_REGION": "us-east-1"}


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


def keys(url):
    """List the keys of all objects in the bucket."""
    listing = requests.get(f"{url}/bucket?list-type=2", timeout=10)
    return [node.text for node in xml.etree.ElementTree.fromstring(listing.content).iter() if node.tag.endswith("Key")]


def connect(project, url):
    """Make the bucket the DVC remote of a project."""
    project.environment |= CREDENTIALS
    project.run("dvc", "remote", "add", "--default", "storage", "s3://bucket/digits")
    project.run("dvc", "remote", "modify", "storage", "endpointurl", url)
