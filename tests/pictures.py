"""Pictures and PNG files for the tests."""

import base64
import io
import struct
import zlib

from PIL import Image, ImageDraw

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(picture):
    """Encode a PIL.Image.Image as the bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def read_chunks(content):
    """Split a PNG file into its chunks: a list of (type, data)."""
    chunks, start = [], len(SIGNATURE)
    while start < len(content):
        length = struct.unpack_from(">I", content, start)[0]
        chunks.append((content[start + 4 : start + 8], content[start + 8 : start + 8 + length]))
        start += length + 12
    return chunks


def join_chunks(chunks):
    """Make a PNG file of chunks, with correct checksums."""
    checksums = (struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + checksum
        for (kind, data), checksum in zip(chunks, checksums, strict=True)
    )


def bomb(side):
    """Make a decompression bomb: a PNG file of about a kilobyte with a header of side × side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return join_chunks([(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")])


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
