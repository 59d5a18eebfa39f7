"""Archives unlike the competition's: malformed ones, and ones with harmless additions."""

import io
import struct
import zipfile

import numpy as np

from digits.data import kaggle_csv

TRAIN, TEST, SAMPLE = kaggle_csv.FILES
NOISE = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"  # signatures of a zip file's records


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """Zip {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def overwrite(archive, signature, offset, value):
    """Overwrite bytes in each record of a zip file that begins with the signature."""
    data, at = bytearray(archive), archive.find(signature)
    while at >= 0:
        data[at + offset : at + offset + len(value)] = value
        at = data.find(signature, at + 1)
    return bytes(data)


def flip_byte(archive):
    """Change the byte in the middle, which is compressed data."""
    middle = len(archive) // 2
    return archive[:middle] + bytes([archive[middle] ^ 255]) + archive[middle + 1 :]


def rename(files, old, new):
    return {new if name == old else name: content for name, content in files.items()}


# name of the defect: (makes the archive from {name: bytes}, words in the error)
MALFORMED = {
    "a path outside of the folder": (lambda files: zipped(rename(files, TRAIN, "../train.csv")), ["train.csv"]),
    "all files in a folder": (
        lambda files: zipped({f"digits/{name}": content for name, content in files.items()}),
        ["train.csv"],
    ),
    "a missing file": (lambda files: zipped({TRAIN: files[TRAIN], SAMPLE: files[SAMPLE]}), ["test.csv"]),
    "a zip of a zip": (lambda files: zipped({"digit-recognizer.zip": zipped(files)}), ["train.csv"]),
    "zips of the files": (
        lambda files: zipped({f"{name}.zip": zipped({name: files[name]}) for name in files}),
        ["train.csv"],
    ),
    "a wrong checksum": (lambda files: overwrite(zipped(files), CENTRAL, 16, bytes(4)), ["CRC", "train.csv"]),
    "a damaged byte": (lambda files: flip_byte(zipped(files)), []),
    "a damaged byte, not compressed": (lambda files: flip_byte(zipped(files, zipfile.ZIP_STORED)), ["CRC"]),
    "encrypted": (
        lambda files: overwrite(overwrite(zipped(files), CENTRAL, 8, b"\1\0"), LOCAL, 6, b"\1\0"),
        ["train.csv", "encrypted"],
    ),
    "gigantic": (
        lambda files: overwrite(zipped(files), CENTRAL, 24, struct.pack("<I", 2**31)),
        ["6,442,450,944 bytes"],
    ),
    "a bomb that declares a small size": (
        lambda files: overwrite(zipped(files | {TRAIN: bytes(50_000_000)}), CENTRAL, 24, struct.pack("<I", 100)),
        ["CRC", "train.csv"],
    ),
    "an unknown compression": (lambda files: overwrite(zipped(files), CENTRAL, 10, b"\x63\0"), ["compression"]),
    "overlapping files": (lambda files: overwrite(zipped(files), CENTRAL, 42, bytes(4)), []),
    "cut in the middle": (lambda files: zipped(files)[: len(zipped(files)) // 2], ["not a zip file"]),
    "the directory elsewhere": (lambda files: overwrite(zipped(files), END, 16, b"\xff\xff\xff\x7f"), []),
    "the end alone": (lambda files: END + bytes(18), ["train.csv"]),
    "a web page": (lambda files: b"<html>sign in</html>", ["not a zip file"]),
}

# names of additional members, none of which may be extracted
ADDITIONAL = ["../../evil.csv", "/evil.csv", "..\\evil.csv", "C:evil.csv", "notes.txt", "train.csv/", "two\nlines"]
