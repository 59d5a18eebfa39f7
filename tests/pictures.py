"""Pictures and PNG files for the tests."""

import base64
import io
import struct
import zlib

from PIL import Image, ImageDraw


def png(picture):
    """Encode a PIL.Image.Image as the bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def bomb(side):
    """Make a decompression bomb: a PNG file of about a kilobyte with a header of side × side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    parts = [
        (struct.pack(">I", len(data)), kind + data, struct.pack(">I", zlib.crc32(kind + data))) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(b"".join, parts))


def draw_seven(paper=(255, 255, 255), ink=(0, 0, 0), width=20, marks=()):
    """Draw a stroke like a 7 over marks, functions of a PIL.ImageDraw.ImageDraw: a picture of 240 × 320 pixels."""
    picture = Image.new("RGBA" if len(paper) == 4 else "RGB", (240, 320), paper)
    draw = ImageDraw.Draw(picture)
    for mark in marks:
        mark(draw)
    draw.line([(70, 60), (180, 60), (110, 250)], fill=ink, width=width, joint="curve")
    return picture


def from_data_url(url):
    """Decode the picture of a `data:` URL."""
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
