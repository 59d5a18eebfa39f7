"""Bodies that nobody should send to the drawing page: an endless stream of them, the same for the same seed."""

import io
import struct
import zlib

import numpy as np
from pictures import bomb, png
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]
FORMATS = ["GIF", "BMP", "JPEG", "TIFF", "WEBP", "PPM", "ICO"]


def bodies(seed, drawing):
    """Yield bytes without end: damaged and odd pictures, half of them as PNG files that are whole.

    Args:
        seed: of numpy.random.default_rng.
        drawing: the bytes of a good PNG file, to be damaged.
    """
    rng = np.random.default_rng(seed)
    kinds = [
        _noise,
        _mutated,
        _cut,
        _with_odd_chunk,
        _with_a_chunk_changed,
        _odd_picture,
        _dots,
        _another_format,
        _large,
        _text,
    ]
    while True:
        yield kinds[rng.integers(len(kinds))](rng, drawing)


def _noise(rng, drawing):
    return SIGNATURE * int(rng.integers(2)) + rng.bytes(int(rng.integers(5000)))


def _mutated(rng, drawing):
    body = bytearray(drawing)
    for _ in range(rng.integers(1, 20)):
        at = int(rng.integers(len(body)))
        body[at : at + int(rng.integers(3))] = rng.bytes(int(rng.integers(3)))
    return bytes(body)


def _cut(rng, drawing):
    return drawing[: int(rng.integers(len(drawing)))]


def _with_odd_chunk(rng, drawing):
    """A good picture with a chunk in front of its data that is well-formed and holds nonsense, or too much."""
    kind = [
        b"eXIf",
        b"iCCP",
        b"tRNS",
        b"PLTE",
        b"gAMA",
        b"zTXt",
        b"iTXt",
        b"tEXt",
        b"pHYs",
        b"sRGB",
        b"cHRM",
        b"acTL",
        b"fcTL",
        b"IHDR",
        b"IEND",
        b"xxxx",
    ]
    contents = [
        rng.bytes(int(rng.integers(200))),
        b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0" + rng.bytes(8),  # EXIF: turned by anything
        b"II*\0\x08\0\0\0\xff\xff" + rng.bytes(100),
        b"name\0\0" + zlib.compress(bytes(5_000_000)),
        b"",
    ]
    chunks = _chunks(drawing)
    chunks.insert(
        int(rng.integers(len(chunks))), (kind[rng.integers(len(kind))], contents[rng.integers(len(contents))])
    )
    return _joined(chunks)


def _with_a_chunk_changed(rng, drawing):
    """Bytes of a chunk are changed and its checksum put right, so that the change is noticed late."""
    chunks = _chunks(drawing)
    at = int(rng.integers(len(chunks)))
    kind, content = chunks[at]
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if content:
            content[rng.integers(len(content))] = rng.integers(256)
    chunks[at] = kind, bytes(content)
    return _joined(chunks)


def _odd_picture(rng, drawing):
    """A whole PNG file of any mode, any shape and any contents."""
    width, height = (int(2 ** rng.uniform(0, 9)) for _ in range(2))
    shape = (height, width)
    pixels = [
        np.full(shape, rng.integers(256)),
        rng.integers(0, 256, shape),
        (rng.random(shape) < 0.02) * 255,
        np.add.outer(np.arange(height), np.arange(width)) % 256,
        np.tile(np.arange(width) % 2 * 255, (height, 1)),
    ][rng.integers(5)].astype(np.uint8)
    mode = MODES[rng.integers(len(MODES))]
    picture = (
        Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(pixels).convert(mode)
    )
    if mode in ("LA", "RGBA"):
        picture.putalpha(Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8)))
    return png(picture)


def _dots(rng, drawing):
    """Hundreds of marks beside one another, each of which could be a digit."""
    pixels = np.full((int(rng.integers(2, 300)), 840), 255, np.uint8)
    pixels[:: rng.integers(1, 9), :: rng.integers(2, 9)] = 0
    return png(Image.fromarray(pixels))


def _another_format(rng, drawing):
    file = io.BytesIO()
    Image.open(io.BytesIO(drawing)).convert("RGB").save(file, FORMATS[rng.integers(len(FORMATS))])
    return file.getvalue()


def _large(rng, drawing):
    """A million pixels or more, or what claims to have them, in few bytes."""
    side = int(rng.integers(990, 1100))
    return [
        bomb(60_000),
        bomb(2**31 - 1),
        bomb(900),
        png(Image.new("1", (side, side), 1)),
        png(Image.effect_noise((300, 300), 90)),
    ][rng.integers(5)]


def _text(rng, drawing):
    return [
        b"",
        b"null",
        b'{"picture": 1}',
        b"<svg/>",
        b"\0" * 2000,
        b"../../params.yaml",
        b"%PDF-1.7",
        "９".encode() * 99,
    ][rng.integers(8)]


def _chunks(body):
    found, at = [], len(SIGNATURE)
    while at < len(body):
        length = struct.unpack_from(">I", body, at)[0]
        found.append((body[at + 4 : at + 8], body[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def _joined(chunks):
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
