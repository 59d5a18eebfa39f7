"""The competition's archive, spoilt: one way a case, under the name of what is wrong with it."""

import gzip
import io
import struct
import zipfile

import numpy as np

from digits.data import kaggle_csv

TRAIN, TEST, SAMPLE = kaggle_csv.FILES
NOISE = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """An archive of {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def in_each_record(signature, offset, value):
    """Overwrite bytes in each record of a zip file's directory that begins with the signature."""

    def change(data):
        data, at = bytearray(data), data.find(signature)
        while at >= 0:
            data[at + offset : at + offset + len(value)] = value
            at = data.find(signature, at + 1)
        return bytes(data)

    return change


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def damaged(archive):
    """Change a byte in the middle of what is packed."""
    return archive[: len(archive) // 2] + bytes([archive[len(archive) // 2] ^ 255]) + archive[len(archive) // 2 + 1 :]


def encrypted(archive):
    return in_each_record(CENTRAL, 8, b"\x01\x00")(in_each_record(LOCAL, 6, b"\x01\x00")(archive))


def replaced(name, content):
    return lambda files: zipped(files | {name: content})


def renamed(name, other):
    return lambda files: zipped({other if key == name else key: content for key, content in files.items()})


def spoilt_zip(change, method=zipfile.ZIP_DEFLATED):
    return lambda files: change(zipped(files, method))


# what is wrong: (how the archive of {name: bytes} is made, words of the refusal)
SPOILT = {
    "a file in the folder above": (renamed(TRAIN, "../train.csv"), ["'../train.csv'"]),
    "a file beside the three in the folder above": (replaced("../../evil.csv", b"0"), ["'../../evil.csv'"]),
    "an absolute path": (replaced("/evil.csv", b"0"), ["'/evil.csv'"]),
    "a Windows path": (replaced("..\\evil.csv", b"0"), ["evil.csv"]),
    "a drive": (replaced("C:evil.csv", b"0"), ["'C:evil.csv'"]),
    "another file": (replaced("notes.txt", b"0"), ["'notes.txt'"]),
    "a folder": (replaced("train.csv/", b""), ["'train.csv/'"]),
    "all in a folder": (
        lambda files: zipped({f"digits/{name}": content for name, content in files.items()}),
        ["'digits/train.csv'"],
    ),
    "names in capitals": (renamed(TRAIN, "TRAIN.CSV"), ["'TRAIN.CSV'"]),
    "a missing file": (lambda files: zipped({TRAIN: files[TRAIN], SAMPLE: files[SAMPLE]}), ["lacks test.csv"]),
    "no file": (lambda files: zipped({}), ["lacks train.csv"]),
    "a file twice": (
        lambda files: zipped({"2rain.csv": b"0", **files}).replace(b"2rain.csv", b"train.csv"),
        ["train.csv 2 times"],
    ),
    "a zip of a zip": (lambda files: zipped({"digit-recognizer.zip": zipped(files)}), ["'digit-recognizer.zip'"]),
    "zips of the files": (
        lambda files: zipped({f"{name}.zip": zipped({name: files[name]}) for name in files}),
        ["'train.csv.zip'"],
    ),
    "a name without end": (replaced("x" * 60_000, b"0"), ["'xxx"]),
    "a name with a line end": (replaced("two\nlines", b"0"), [r"'two\nlines'"]),
    "a wrong checksum": (spoilt_zip(in_each_record(CENTRAL, 16, b"\0\0\0\0")), ["train.csv is damaged"]),
    "a damaged byte": (spoilt_zip(damaged), []),
    "a damaged byte, not packed": (spoilt_zip(damaged, zipfile.ZIP_STORED), ["is damaged"]),
    "encrypted": (spoilt_zip(encrypted), ["train.csv is encrypted"]),
    "a bomb": (spoilt_zip(in_each_record(CENTRAL, 24, struct.pack("<I", 2**31))), ["2,147,483,648 bytes"]),
    "a bomb that tells a small size": (
        lambda files: in_each_record(CENTRAL, 24, struct.pack("<I", 100))(zipped(files | {TRAIN: bytes(50_000_000)})),
        ["train.csv is damaged"],
    ),
    "a bomb by bzip2": (
        lambda files: zipped(files | {TRAIN: bytes(50_000_000)}, zipfile.ZIP_BZIP2),
        ["train.csv is packed in an unusual way"],
    ),
    "packed by LZMA": (spoilt_zip(lambda data: data, zipfile.ZIP_LZMA), ["packed in an unusual way"]),
    "packed by an unknown method": (spoilt_zip(in_each_record(CENTRAL, 10, b"\x63\x00")), ["packed in an unusual way"]),
    "files that lie in one another": (spoilt_zip(in_each_record(CENTRAL, 42, b"\0\0\0\0")), []),
    "cut in the middle": (spoilt_zip(lambda data: data[: len(data) // 2]), ["no whole zip file"]),
    "without its end": (spoilt_zip(lambda data: data[:-22]), ["no whole zip file"]),
    "the directory elsewhere": (spoilt_zip(in_each_record(END, 16, b"\xff\xff\xff\x7f")), ["no whole zip file"]),
    "the end alone": (spoilt_zip(lambda data: END + bytes(18)), ["lacks train.csv"]),
    "a web page": (lambda files: b"<html>sign in</html>", ["no whole zip file"]),
    "noise": (lambda files: NOISE, ["no whole zip file"]),
    "a gzip file": (lambda files: gzip.compress(files[TRAIN]), ["no whole zip file"]),
    "one of the files itself": (lambda files: files[TRAIN], ["no whole zip file"]),
}
