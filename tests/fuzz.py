"""Invalid and unusual request bodies for the drawing page, reproducible from a seed."""

import io
import zlib

import numpy as np
from pictures import SIGNATURE, bomb, join_chunks, png, read_chunks
from PIL import Image

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]
FORMATS = ["GIF", "BMP", "JPEG", "TIFF", "WEBP", "PPM", "ICO"]
CHUNKS = b"eXIf iCCP tRNS PLTE gAMA zTXt iTXt tEXt pHYs sRGB cHRM acTL fcTL IHDR IEND xxxx".split()
TEXTS = [b"", b"null", b'{"picture": 1}', b"<svg/>", bytes(2000), b"../../params.yaml", b"%PDF-1.7", "９".encode() * 99]


def bodies(seed, drawing):
    """Yield an endless series of bytes, damaged or unusual pictures; about half of them are valid PNG files.

    Args:
        seed: for numpy.random.default_rng.
        drawing: the bytes of a valid PNG file.
    """
    rng = np.random.default_rng(seed)
    kinds = _noise, _mutated, _cut, _with_chunk, _with_changed_chunk, _unusual, _dots, _other_format, _large, _text
    while True:
        yield kinds[rng.integers(len(kinds))](rng, drawing)


def _noise(rng, drawing):
    return SIGNATURE * int(rng.integers(2)) + rng.bytes(int(rng.integers(5000)))


def _mutated(rng, drawing):
    body = bytearray(drawing)
    for _ in range(rng.integers(1, 20)):
        start = int(rng.integers(len(body)))
        body[start : start + int(rng.integers(3))] = rng.bytes(int(rng.integers(3)))
    return bytes(body)


def _cut(rng, drawing):
    return drawing[: int(rng.integers(len(drawing)))]


def _with_chunk(rng, drawing):
    """Insert a well-formed chunk with invalid or excessive data."""
    data = [
        rng.bytes(int(rng.integers(200))),
        b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0" + rng.bytes(8),  # EXIF with a random orientation
        b"II*\0\x08\0\0\0\xff\xff" + rng.bytes(100),
        b"name\0\0" + zlib.compress(bytes(5_000_000)),
        b"",
    ]
    chunks = read_chunks(drawing)
    position = int(rng.integers(len(chunks)))
    chunks.insert(position, (CHUNKS[rng.integers(len(CHUNKS))], data[rng.integers(len(data))]))
    return join_chunks(chunks)


def _with_changed_chunk(rng, drawing):
    """Change bytes of a chunk but keep its checksum correct, so that the decoder detects the change late."""
    chunks = read_chunks(drawing)
    position = int(rng.integers(len(chunks)))
    kind, data = chunks[position]
    changed = bytearray(data)
    for _ in range(rng.integers(1, 5) if data else 0):
        changed[rng.integers(len(changed))] = rng.integers(256)
    chunks[position] = kind, bytes(changed)
    return join_chunks(chunks)


def _unusual(rng, drawing):
    """Make a valid PNG file of a random mode, shape and pattern."""
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
    if mode == "I;16":
        return png(Image.fromarray(pixels.astype(np.uint16) * 257))
    picture = Image.fromarray(pixels).convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8)))
    return png(picture)


def _dots(rng, drawing):
    """Draw hundreds of marks beside one another, each of which could be a digit."""
    pixels = np.full((int(rng.integers(2, 300)), 840), 255, np.uint8)
    pixels[:: rng.integers(1, 9), :: rng.integers(2, 9)] = 0
    return png(Image.fromarray(pixels))


def _other_format(rng, drawing):
    file = io.BytesIO()
    Image.open(io.BytesIO(drawing)).convert("RGB").save(file, FORMATS[rng.integers(len(FORMATS))])
    return file.getvalue()


def _large(rng, drawing):
    """Make a file of few bytes that has a million pixels or more, or claims to have them."""
    side = int(rng.integers(990, 1100))
    noise = png(Image.effect_noise((300, 300), 90))
    return [bomb(60_000), bomb(2**31 - 1), bomb(900), png(Image.new("1", (side, side), 1)), noise][rng.integers(5)]


def _text(rng, drawing):
    return TEXTS[rng.integers(len(TEXTS))]
