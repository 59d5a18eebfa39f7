"""Changes that make Kaggle's CSV files invalid, and changes that do not."""

import gzip

from malformed_zip import NOISE, zipped

from digits.data import kaggle_csv

TRAIN, TEST, SAMPLE = kaggle_csv.FILES
READERS = {TRAIN: kaggle_csv.read_train, TEST: kaggle_csv.read_test, SAMPLE: kaggle_csv.read_submission}


def line(number, change):
    """Apply `change` to one line; lines count from 1, the header's."""

    def apply(data):
        lines = data.split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\n".join(lines)

    return apply


def cell(number, column, value):
    """Replace a cell of train.csv."""
    index = kaggle_csv.TRAIN_COLUMNS.index(column)
    return line(number, cells(lambda row: [*row[:index], value, *row[index + 1 :]]))


def cells(change):
    """Apply `change` to the list of the cells of a line."""
    return lambda row: b",".join(change(row.split(b",")))


def each_line(change):
    return lambda data: b"\n".join(change(row) for row in data.removesuffix(b"\n").split(b"\n")) + b"\n"


def below_header(change):
    return each_line(lambda row: row if row[:1] in b"lp" else change(row))


def header(change):
    return line(1, change)


def replace(old, new, count=-1):
    return lambda data: data.replace(old, new, count)


def content(data):
    return lambda _: data


def append(data):
    return lambda before: before + data


def without_lines(first, last):
    return lambda data: b"\n".join(data.split(b"\n")[: first - 1] + data.split(b"\n")[last:])


def encode(encoding):
    return lambda data: data.decode().encode(encoding)


# values of line 3, column pixel7 of train.csv, and how the message shows them
INVALID_CELLS = {
    "256": (b"256", "'256'; expected an integer from 0 to 255"),
    "257, which is 1 in 8 bits": (b"257", "'257'"),
    "65537, which is 1 in 16 bits": (b"65537", "'65537'"),
    "1 + 2 ** 64": (b"18446744073709551617", "'18446744073709551617'"),
    "negative": (b"-1", "'-1'"),
    "a float": (b"1.5", "'1.5'"),
    "an exponent": (b"1e1", "'1e1'"),
    "hexadecimal": (b"0x1", "'0x1'"),
    "an underscore": (b"1_0", "'1_0'"),
    "a thousands separator": (b"1 000", "'1 000'"),
    "NaN": (b"NaN", "'NaN'"),
    "NA": (b"NA", "'NA'"),
    "True": (b"True", "'True'"),
    "empty": (b"", "empty"),
    "spaces": (b"  ", "'  '"),
    "a NUL byte in a number": (b"1\x002", r"'1\x002'"),
    "a NUL byte after a number": (b"1\0", r"'1\x00'"),
    "a NUL byte": (b"\0", r"'\x00'"),
    "Arabic digits": ("٣".encode(), "'٣'"),
    "zero-width space": ("\u200b1".encode(), r"'\u200b1'"),
    "not UTF-8": (b"1\xff", "'1\ufffd'"),
    "terminal escape codes": (b"\x1b[2J", r"'\x1b[2J'"),
    "9 MB of digits": (b"1" * 9_000_000, "'1111"),
    "an unclosed quote": (b'"12', "'\"12'"),
    "text after a quote": (b'"1"2', "'\"1\"2'"),
}

# kind of error: (file, change, facts in the message)
MALFORMED = {
    name: (TRAIN, cell(3, "pixel7", value), ["line 3", "pixel7", shown])
    for name, (value, shown) in INVALID_CELLS.items()
} | {
    "a column of True": (
        TRAIN,
        below_header(cells(lambda row: [*row[:8], b"True", *row[9:]])),
        ["line 2, column pixel7", "'True'"],
    ),
    "a decimal comma": (TRAIN, cell(3, "pixel7", b"1,5"), ["line 3", "786 cells", "785"]),
    "a line end in quotes": (TRAIN, cell(3, "pixel7", b'"1\n2"'), ["line 3", "9 of 785"]),
    "the last cell": (TRAIN, cell(151, "pixel783", b"256"), ["line 151, column pixel783", "'256'"]),
    # labels
    "label 10": (TRAIN, cell(8, "label", b"10"), ["line 8, column label", "'10'", "0 to 9"]),
    "label empty": (TRAIN, cell(8, "label", b""), ["line 8, column label", "empty"]),
    "a label without images": (TRAIN, replace(b"\n4,", b"\n5,"), ["no image has the label 4"]),
    # the header
    "no header": (TRAIN, without_lines(1, 1), ["line 1, column 1", "label"]),
    "a misspelt column": (TRAIN, replace(b"pixel9,", b"pixle9,"), ["line 1, column 11", "'pixle9'"]),
    "a truncated header": (TRAIN, lambda data: data[:1000], ["line 1, column 124", "'pixel1' instead of pixel122"]),
    "a quoted name": (TRAIN, header(replace(b"label", b'"label"')), ["line 1, column 1", "'\"label\"'"]),
    "a header in Latin-1": (TRAIN, header(replace(b"label", b"l\xe4bel")), ["line 1, column 1", "'l\ufffdbel'"]),
    "reordered columns": (TRAIN, replace(b"pixel3,pixel4", b"pixel4,pixel3"), ["line 1, column 5", "'pixel4'"]),
    "a column twice": (TRAIN, each_line(cells(lambda row: [*row[:5], *row[4:]])), ["line 1, column 6", "'pixel3'"]),
    "the label last": (TRAIN, each_line(cells(lambda row: [*row[1:], row[0]])), ["line 1, column 1", "'pixel0'"]),
    "a missing column": (TRAIN, each_line(cells(lambda row: row[:-1])), ["line 1", "784 columns", "785"]),
    "an index column": (TRAIN, each_line(lambda row: b"," + row), ["line 1, column 1", "empty instead of label"]),
    "a comma after each row": (TRAIN, below_header(lambda row: row + b","), ["line 2", "786 cells"]),
    "semicolons": (TRAIN, replace(b",", b";"), ["line 1, column 1", "label"]),
    # rows
    "a short row": (TRAIN, line(4, cells(lambda row: row[:-1])), ["line 4", "784 of 785", "pixel782"]),
    "a long row": (TRAIN, line(4, lambda row: row + b",77"), ["line 4", "786 cells", "'77'"]),
    "a long first row": (TRAIN, line(2, lambda row: row + b",77"), ["line 2", "786 cells", "'77'"]),
    "a split row": (TRAIN, line(4, replace(b",", b"\n", 1)), ["line 4", "1 of 785"]),
    "a row split by a carriage return": (TRAIN, line(7, replace(b",", b"\r", 1)), ["line 7", "1 of 785"]),
    "short rows": (TRAIN, below_header(cells(lambda row: row[:730])), ["line 2", "730 of 785"]),
    "an empty line": (TRAIN, line(6, content(b"")), ["line 6 is empty"]),
    "an empty line at the end": (TRAIN, append(b"\n"), ["line 152 is empty"]),
    "doubled carriage returns": (TRAIN, replace(b"\n", b"\r\r\n"), ["line 2 is empty"]),
    "a comment": (TRAIN, line(6, content(b"# the sixth")), ["line 6", "'# the sixth'"]),
    "two files in one": (TRAIN, lambda data: data + data, ["line 152, column label", "'label'"]),
    "truncated in a row": (TRAIN, lambda data: data[:-100], ["line 151", "truncated"]),
    "NUL bytes at the end": (TRAIN, append(bytes(4096)), ["line 152", r"'\x00"]),
    "noise at the end": (TRAIN, append(NOISE), ["line 15"]),
    # encodings and other file formats
    "UTF-16": (TRAIN, encode("utf-16"), ["is UTF-16 text; save it as UTF-8"]),
    "UTF-16 without a mark": (TRAIN, encode("utf-16-le"), ["line 1, column 1", r"'l\x00a\x00"]),
    "two byte-order marks": (TRAIN, lambda data: b"\xef\xbb\xbf" * 2 + data, ["line 1, column 1", r"'\ufefflabel'"]),
    "a mark inside": (TRAIN, line(2, lambda row: b"\xef\xbb\xbf" + row), ["line 2, column label", r"'\ufeff"]),
    "empty file": (TRAIN, content(b""), ["header is missing"]),
    "a byte-order mark alone": (TRAIN, content(b"\xef\xbb\xbf"), ["header is missing"]),
    "a line end alone": (TRAIN, content(b"\n"), ["header is missing"]),
    "the header alone": (TRAIN, without_lines(2, 999), ["no row below the header"]),
    "NUL bytes alone": (TRAIN, content(bytes(100_000)), ["line 1, column 1", r"\x00"]),
    "noise": (TRAIN, content(NOISE), ["line 1, column 1"]),
    "a zip file": (TRAIN, lambda data: zipped({TRAIN: data}), ["is a zip file; unzip it"]),
    "a gzip file": (TRAIN, gzip.compress, ["is a gzip file; decompress it"]),
    # test.csv
    "test: labels without a name": (TEST, below_header(lambda row: b"5," + row), ["line 2", "785 cells", "784"]),
    "test: the header alone": (TEST, without_lines(2, 999), ["no row below the header"]),
    "test: 256": (TEST, line(9, cells(lambda row: [b"256", *row[1:]])), ["line 9, column pixel0", "'256'"]),
    "test: fewer rows than the sample": (TEST, without_lines(51, 51), ["49 images", "50 ids", "same download"]),
    "test: more rows than the sample": (TEST, lambda data: data + data.split(b"\n")[1], ["51 images", "50 ids"]),
    "test: truncated": (TEST, lambda data: data[:-20], ["line 51", "truncated"]),
    # sample_submission.csv
    "sample: ids from 0": (SAMPLE, line(2, content(b"0,0")), ["line 2, column ImageId", "'0'", "expected 1"]),
    "sample: an id twice": (SAMPLE, line(7, content(b"5,0")), ["line 7, column ImageId", "'5'", "expected 6"]),
    "sample: an id missing": (SAMPLE, without_lines(7, 7), ["line 7, column ImageId", "'7'"]),
    "sample: a float id": (SAMPLE, line(7, content(b"6.0,0")), ["line 7, column ImageId", "'6.0'"]),
    "sample: a negative id": (SAMPLE, line(7, content(b"-6,0")), ["line 7, column ImageId", "'-6'"]),
    "sample: a huge id": (SAMPLE, line(7, content(b"9" * 5000 + b",0")), ["line 7, column ImageId", "'9999", "…"]),
    "sample: no id": (SAMPLE, line(7, content(b",0")), ["line 7, column ImageId", "empty"]),
    "sample: label 10": (SAMPLE, line(7, content(b"6,10")), ["line 7, column Label", "'10'", "0 to 9"]),
    "sample: no label": (SAMPLE, line(7, content(b"6,")), ["line 7, column Label", "empty"]),
    "sample: another header": (SAMPLE, header(content(b"Id,Label")), ["line 1, column 1", "'Id'"]),
    "sample: a short row": (SAMPLE, line(7, content(b"6")), ["line 7", "1 of 2"]),
    "sample: a long row": (SAMPLE, line(7, content(b"6,0,0")), ["line 7", "3 cells", "2"]),
    "sample: an empty line": (SAMPLE, line(7, content(b"")), ["line 7 is empty"]),
    "sample: the header alone": (SAMPLE, without_lines(2, 999), ["no row below the header"]),
}

# changes that do not change the images
HARMLESS = {
    "Windows line ends": replace(b"\n", b"\r\n"),
    "one Windows line end": line(3, lambda row: row + b"\r"),
    "old Mac line ends": replace(b"\n", b"\r"),
    "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "no line end at the end": lambda data: data.removesuffix(b"\n"),
    "half a Windows line end at the end": lambda data: data.removesuffix(b"\n") + b"\r",
    "a byte-order mark and Windows line ends": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "leading zeros": replace(b",0\n", b",0000\n"),
    "spaces": replace(b",0\n", b", 0 \n"),
    "signs": replace(b",0\n", b",-0\n"),
}
