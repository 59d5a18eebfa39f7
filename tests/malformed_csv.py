"""Kaggle's CSV files, spoilt: one way a case, under the name of what is wrong with it."""

import gzip

from malformed_zip import NOISE, zipped
from pictures import png
from PIL import Image

from digits.data import kaggle_csv
from digits.data.kaggle_csv import read_submission, read_test, read_train

TRAIN, TEST, SAMPLE = kaggle_csv.FILES
READERS = {TRAIN: read_train, TEST: read_test, SAMPLE: read_submission}


def cell(line, column, value):
    """Put `value` into a cell of train.csv; lines count from 1, the header's."""

    def change(data):
        lines = data.split(b"\n")
        cells = lines[line - 1].split(b",")
        cells[kaggle_csv.TRAIN_COLUMNS.index(column)] = value
        lines[line - 1] = b",".join(cells)
        return b"\n".join(lines)

    return change


def line(number, change):
    """Change one line of a file."""

    def apply(data):
        lines = data.split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\n".join(lines)

    return apply


def each_line(change):
    return lambda data: b"\n".join(change(row) for row in data.removesuffix(b"\n").split(b"\n")) + b"\n"


def each_cell(change):
    return each_line(lambda row: b",".join(map(change, row.split(b","))))


def header(change):
    return line(1, change)


def instead(content):
    return lambda data: content


def without_lines(first, last):
    return lambda data: b"\n".join(data.split(b"\n")[: first - 1] + data.split(b"\n")[last:])


def without_label(label):
    return lambda data: b"\n".join(row for row in data.split(b"\n") if not row.startswith(label + b","))


def repeated(number, of):
    """Put line `of` in place of line `number`."""
    return lambda data: line(number, lambda row: data.split(b"\n")[of - 1])(data)


def reversed_rows(data):
    first, *rows = data.removesuffix(b"\n").split(b"\n")
    return b"\n".join([first, *rows[::-1]]) + b"\n"


def columns(pick):
    """Choose and reorder the cells of each line."""
    return each_line(lambda row: b",".join(pick(row.split(b","))))


def encoded(encoding):
    return lambda data: data.decode().encode(encoding)


def in_cell(value):
    return TRAIN, cell(3, "pixel7", value), ["line 3", "column pixel7"]


# what is wrong: (the file, how it is spoilt, words that the refusal must hold beside the file's name)
SPOILT = {
    # numbers that are none, or not these
    "256": (TRAIN, cell(5, "pixel12", b"256"), ["line 5", "column pixel12", "'256'", "0 to 255"]),
    "999": (TRAIN, cell(5, "pixel12", b"999"), ["line 5", "column pixel12", "'999'"]),
    "1000": (TRAIN, cell(5, "pixel12", b"1000"), ["line 5", "column pixel12", "'1000'"]),
    "65536": (TRAIN, cell(5, "pixel12", b"65536"), ["line 5", "column pixel12", "'65536'"]),
    "four digits": (TRAIN, cell(5, "pixel12", b"0012"), ["line 5", "column pixel12", "'0012'"]),
    "negative": (TRAIN, cell(2, "pixel0", b"-1"), ["line 2", "column pixel0", "'-1'"]),
    "minus nought": (TRAIN, cell(2, "pixel0", b"-0"), ["line 2", "column pixel0", "'-0'"]),
    "plus": (*in_cell(b"+12")[:2], ["line 3", "pixel7", "'+12'"]),
    "float": (TRAIN, cell(151, "pixel783", b"1.0"), ["line 151", "column pixel783", "'1.0'"]),
    "1e3": (TRAIN, cell(9, "pixel1", b"1e3"), ["line 9", "column pixel1", "'1e3'"]),
    "1e2": (TRAIN, cell(9, "pixel1", b"1e2"), ["line 9", "column pixel1", "'1e2'"]),
    "a huge exponent": in_cell(b"1e999999999"),
    "hexadecimal": in_cell(b"0x1"),
    "underscore": in_cell(b"1_0"),
    "decimal comma": (TRAIN, cell(3, "pixel7", b"1,5"), ["line 3", "786 cells where 785 belong"]),
    "NaN": in_cell(b"NaN"),
    "infinity": in_cell(b"inf"),
    "NA": in_cell(b"NA"),
    "a truth value": in_cell(b"True"),
    "empty cell": (*in_cell(b"")[:2], ["line 3", "pixel7", "empty"]),
    "all cells empty": (TRAIN, line(3, lambda row: b"," * 784), ["line 3", "column label", "empty"]),
    "a space before": (*in_cell(b" 12")[:2], ["line 3", "pixel7", "' 12'"]),
    "a space behind": (*in_cell(b"12 ")[:2], ["line 3", "pixel7", "'12 '"]),
    "a tab": (*in_cell(b"\t12")[:2], ["line 3", "pixel7", r"'\t12'"]),
    "NUL inside": (*in_cell(b"1\x002")[:2], ["line 3", "pixel7", r"'1\x002'"]),
    "NUL alone": (*in_cell(b"\0")[:2], ["line 3", "pixel7", r"'\x00'"]),
    "form feed": in_cell(b"1\x0c"),
    "Arabic digits": (*in_cell("٣".encode())[:2], ["line 3", "pixel7", "'٣'"]),
    "wide digits": in_cell("３".encode()),
    "superscript": in_cell("²".encode()),
    "zero-width space": in_cell("\u200b1".encode()),
    "line separator": in_cell("1\u20282".encode()),
    "not UTF-8": (*in_cell(b"1\xff")[:2], ["line 3", "pixel7", "'1\ufffd'"]),
    "a terminal's escape codes": (*in_cell(b"\x1b[2J")[:2], ["line 3", "pixel7", r"\x1b[2J"]),
    "a huge cell": (TRAIN, cell(3, "pixel7", b"1" * 9_000_000), ["line 3", "pixel7", "'1111", "…"]),
    # quotes
    "a quoted cell": (*in_cell(b'"12"')[:2], ["line 3", "pixel7", "'\"12\"'"]),
    "an open quote": in_cell(b'"12'),
    "an apostrophe": in_cell(b"'12"),
    "a line end in quotes": (TRAIN, cell(3, "pixel7", b'"1\n2"'), ["line 3", "9 of 785"]),
    "everything quoted": (TRAIN, each_cell(lambda value: b'"' + value + b'"'), ["line 1, column 1", "'\"label\"'"]),
    "a quoted header": (
        TRAIN,
        header(lambda row: b'"' + row.replace(b",", b'","') + b'"'),
        ["line 1, column 1", "'\"label\"'"],
    ),
    # labels
    "label 10": (TRAIN, cell(8, "label", b"10"), ["line 8", "column label", "'10'", "0 to 9"]),
    "label -1": (TRAIN, cell(8, "label", b"-1"), ["line 8", "column label", "'-1'"]),
    "label in words": (TRAIN, cell(8, "label", b"seven"), ["line 8", "column label", "'seven'"]),
    "label 7.0": (TRAIN, cell(8, "label", b"7.0"), ["line 8", "column label", "'7.0'"]),
    "label empty": (TRAIN, cell(8, "label", b""), ["line 8", "column label", "empty"]),
    "a class without images": (TRAIN, without_label(b"4"), ["no image has the label 4"]),
    "one class alone": (
        TRAIN,
        each_line(lambda row: row if row[:1] == b"l" else b"5" + row[1:]),
        ["no image has the label 0"],
    ),
    # columns
    "no header": (TRAIN, without_lines(1, 1), ["line 1, column 1", "label belongs"]),
    "a header misspelt": (
        TRAIN,
        header(lambda row: row.replace(b"pixel9,", b"pixle9,")),
        ["line 1, column 11", "'pixle9'"],
    ),
    "a header in capitals": (TRAIN, header(bytes.upper), ["line 1, column 1", "'LABEL'"]),
    "a header with spaces": (TRAIN, header(lambda row: row.replace(b",", b", ")), ["line 1, column 2", "' pixel0'"]),
    "a header that is cut": (TRAIN, lambda data: data[:1000], ["line 1, column 124", "'pixel1' where pixel122"]),
    "a header that is Latin-1": (
        TRAIN,
        header(lambda row: b"l\xe4bel" + row[5:]),
        ["line 1, column 1", "'l\ufffdbel'"],
    ),
    "pixels from 1": (
        TRAIN,
        header(lambda row: b",".join([b"label", *(b"pixel%d" % i for i in range(1, 785))])),
        ["line 1, column 2", "'pixel1'"],
    ),
    "columns reordered": (
        TRAIN,
        header(lambda row: row.replace(b"pixel3,pixel4", b"pixel4,pixel3")),
        ["line 1, column 5", "pixel3 belongs"],
    ),
    "label last": (TRAIN, columns(lambda cells: [*cells[1:], cells[0]]), ["line 1, column 1", "'pixel0'"]),
    "a column doubled": (
        TRAIN,
        columns(lambda cells: [*cells[:5], cells[4], *cells[5:]]),
        ["line 1, column 6", "'pixel3'"],
    ),
    "a column named twice": (
        TRAIN,
        header(lambda row: row.replace(b"pixel4,", b"pixel3,")),
        ["line 1, column 6", "'pixel3'"],
    ),
    "a column missing": (TRAIN, columns(lambda cells: cells[:-1]), ["line 1", "784 columns where 785 belong"]),
    "the label's column missing": (TRAIN, columns(lambda cells: cells[1:]), ["header of test.csv", "mixed up"]),
    "a column more": (TRAIN, columns(lambda cells: [*cells, b"0"]), ["line 1", "786 columns where 785 belong"]),
    "a column of numbers in front": (
        TRAIN,
        each_line(lambda row: (b"" if row[:1] == b"l" else b"0") + b"," + row),
        ["line 1, column 1", "empty where label"],
    ),
    "a comma behind each line": (TRAIN, each_line(lambda row: row + b","), ["line 1", "786 columns"]),
    "semicolons": (TRAIN, lambda data: data.replace(b",", b";"), ["line 1, column 1", "label"]),
    "tabs": (TRAIN, lambda data: data.replace(b",", b"\t"), ["line 1, column 1", "label"]),
    "27 x 27": (TRAIN, columns(lambda cells: cells[:730]), ["line 1", "730 columns"]),
    "32 x 32": (TRAIN, columns(lambda cells: cells + [b"0"] * 240), ["line 1", "1025 columns"]),
    # rows
    "a row too short": (TRAIN, line(4, lambda row: row.rpartition(b",")[0]), ["line 4", "784 of 785", "pixel782"]),
    "a row too long": (TRAIN, line(4, lambda row: row + b",77"), ["line 4", "786 cells", "'77'"]),
    "two rows in one": (TRAIN, line(4, lambda row: row + b"," + row), ["line 4", "1570 cells"]),
    "the rows of 27 x 27": (
        TRAIN,
        each_line(lambda row: row if row[:1] == b"l" else b",".join(row.split(b",")[:730])),
        ["line 2", "730 of 785"],
    ),
    "two short rows that make up for it": (
        TRAIN,
        line(4, lambda row: row.replace(b",", b"\n", 1)),
        ["line 4", "1 of 785"],
    ),
    "an empty line": (TRAIN, line(6, instead(b"")), ["line 6 is empty"]),
    "an empty line at the end": (TRAIN, lambda data: data + b"\n", ["line 152 is empty"]),
    "a line of spaces": (TRAIN, line(6, instead(b"   ")), ["line 6", "1 of 785", "'   '"]),
    "a remark": (TRAIN, line(6, instead(b"# the sixth")), ["line 6", "'# the sixth'"]),
    "the header twice": (TRAIN, repeated(80, of=1), ["line 80", "column label", "'label'"]),
    "two files in one": (TRAIN, lambda data: data + data, ["line 152", "column label", "'label'"]),
    "cut in a row": (TRAIN, lambda data: data[:-100], ["line 151", "cut off"]),
    "cut after a comma": (TRAIN, lambda data: data[: data.rindex(b",") + 1], ["line 151", "pixel783", "empty"]),
    "cut before the last comma": (TRAIN, lambda data: data[: data.rindex(b",")], ["line 151", "784 of 785", "cut off"]),
    "what follows is NUL": (TRAIN, lambda data: data + bytes(4096), ["line 152", r"'\x00"]),
    "what follows is noise": (TRAIN, lambda data: data + NOISE, ["line 15"]),
    # line ends and encodings
    "old Mac line ends": (TRAIN, lambda data: data.replace(b"\n", b"\r"), ["line 1, column 785", r"pixel783\r"]),
    "one old Mac line end": (TRAIN, line(7, lambda row: row.replace(b",", b"\r", 1)), ["line 7", "784 of 785"]),
    "doubled carriage returns": (
        TRAIN,
        lambda data: data.replace(b"\n", b"\r\r\n"),
        ["line 1, column 785", r"'pixel783\r'"],
    ),
    "one carriage return too many": (TRAIN, line(7, lambda row: row + b"\r\r"), ["line 7", "column pixel783", r"\r'"]),
    "UTF-16": (TRAIN, encoded("utf-16"), ["is UTF-16 text; save it as UTF-8"]),
    "UTF-16, the other way round": (TRAIN, lambda data: b"\xfe\xff" + encoded("utf-16-be")(data), ["is UTF-16 text"]),
    "UTF-16 without a mark": (TRAIN, encoded("utf-16-le"), ["line 1, column 1", r"'l\x00a\x00"]),
    "UTF-32": (TRAIN, encoded("utf-32"), ["UTF-16"]),
    "EBCDIC": (TRAIN, encoded("cp037"), ["line 1, column 1"]),
    "two byte-order marks": (TRAIN, lambda data: b"\xef\xbb\xbf" * 2 + data, ["line 1, column 1", r"'\ufefflabel'"]),
    "a byte-order mark inside": (
        TRAIN,
        line(2, lambda row: b"\xef\xbb\xbf" + row),
        ["line 2", "column label", r"'\ufeff"],
    ),
    # no table at all
    "empty": (TRAIN, instead(b""), ["header is missing"]),
    "a byte-order mark alone": (TRAIN, instead(b"\xef\xbb\xbf"), ["header is missing"]),
    "a line end alone": (TRAIN, instead(b"\n"), ["header is missing"]),
    "the header alone": (TRAIN, without_lines(2, 999), ["no row below the header"]),
    "the header alone, without a line end": (TRAIN, lambda data: data.split(b"\n")[0], ["no row below the header"]),
    "NUL bytes alone": (TRAIN, instead(bytes(100_000)), ["line 1, column 1", r"\x00"]),
    "noise": (TRAIN, instead(NOISE), ["line 1, column 1"]),
    "a web page": (
        TRAIN,
        instead(b"<!doctype html>\n<title>Sign in</title>"),
        ["line 1, column 1", "'<!doctype html>'"],
    ),
    "JSON": (TRAIN, instead(b'{"label": [1]}'), ["line 1, column 1"]),
    "a picture": (TRAIN, instead(png(Image.new("L", (28, 28)))), ["line 1, column 1"]),
    "a zip file": (TRAIN, lambda data: zipped({TRAIN: data}), ["is a zip file; unpack it"]),
    "a gzip file": (TRAIN, gzip.compress, ["is a gzip file; unpack it"]),
    "test.csv": (TRAIN, columns(lambda cells: cells[1:]), ["line 1", "header of test.csv", "mixed up"]),
    "sample_submission.csv": (TRAIN, instead(b"ImageId,Label\n1,0\n"), ["line 1", "header of sample_submission.csv"]),
    # test.csv
    "test: train.csv": (
        TEST,
        each_line(lambda row: (b"label," if row[:1] == b"p" else b"5,") + row),
        ["line 1", "header of train.csv"],
    ),
    "test: labels without a name": (
        TEST,
        each_line(lambda row: row if row[:1] == b"p" else b"5," + row),
        ["line 2", "785 cells where 784 belong"],
    ),
    "test: empty": (TEST, instead(b""), ["header is missing"]),
    "test: the header alone": (TEST, without_lines(2, 999), ["no row below the header"]),
    "test: 256": (TEST, line(9, lambda row: b"256" + row[row.index(b",") :]), ["line 9", "column pixel0", "'256'"]),
    "test: the first cell empty": (
        TEST,
        line(9, lambda row: row[row.index(b",") :]),
        ["line 9", "column pixel0", "empty"],
    ),
    "test: a row less than the sample": (TEST, without_lines(51, 51), ["49 images", "50 ids", "same download"]),
    "test: a row more than the sample": (
        TEST,
        lambda data: data + data.split(b"\n")[1] + b"\n",
        ["51 images", "50 ids"],
    ),
    "test: cut in a row": (TEST, lambda data: data[:-20], ["line 51", "cut off"]),
    # sample_submission.csv
    "sample: ids from 0": (SAMPLE, line(2, instead(b"0,0")), ["line 2", "column ImageId", "'0'", "1 belongs"]),
    "sample: an id twice": (SAMPLE, line(7, instead(b"5,0")), ["line 7", "column ImageId", "'5'"]),
    "sample: an id missing": (SAMPLE, without_lines(7, 7), ["line 7", "column ImageId", "'7'"]),
    "sample: ids in another order": (SAMPLE, reversed_rows, ["line 2", "column ImageId", "'50'", "1 belongs"]),
    "sample: an id with a nought before": (SAMPLE, line(7, instead(b"06,0")), ["line 7", "column ImageId", "'06'"]),
    "sample: an id with a point": (SAMPLE, line(7, instead(b"6.0,0")), ["line 7", "column ImageId", "'6.0'"]),
    "sample: a negative id": (SAMPLE, line(7, instead(b"-6,0")), ["line 7", "column ImageId", "'-6'"]),
    "sample: a huge id": (SAMPLE, line(7, instead(b"9" * 5000 + b",0")), ["line 7", "column ImageId", "'9999", "…"]),
    "sample: an id in words": (SAMPLE, line(7, instead(b"six,0")), ["line 7", "column ImageId", "'six'"]),
    "sample: no id": (SAMPLE, line(7, instead(b",0")), ["line 7", "column ImageId", "empty"]),
    "sample: a label in words": (SAMPLE, line(7, instead(b"6,x")), ["line 7", "column Label", "'x'"]),
    "sample: label 10": (SAMPLE, line(7, instead(b"6,10")), ["line 7", "column Label", "'10'"]),
    "sample: no label": (SAMPLE, line(7, instead(b"6,")), ["line 7", "column Label", "empty"]),
    "sample: NUL": (SAMPLE, line(7, instead(b"6,\0")), ["line 7", "column Label", r"'\x00'"]),
    "sample: not UTF-8": (SAMPLE, line(7, instead(b"6,\xff")), ["line 7", "column Label", "'\ufffd'"]),
    "sample: another header": (SAMPLE, header(instead(b"Id,Label")), ["line 1, column 1", "'Id'"]),
    "sample: semicolons": (SAMPLE, lambda data: data.replace(b",", b";"), ["line 1, column 1", "'ImageId;Label'"]),
    "sample: a row too short": (SAMPLE, line(7, instead(b"6")), ["line 7", "1 of 2"]),
    "sample: a row too long": (SAMPLE, line(7, instead(b"6,0,0")), ["line 7", "3 cells where 2 belong"]),
    "sample: an empty line": (SAMPLE, line(7, instead(b"")), ["line 7 is empty"]),
    "sample: old Mac line ends": (SAMPLE, lambda data: data.replace(b"\n", b"\r"), ["line 1, column 2", r"'Label\r1'"]),
    "sample: empty": (SAMPLE, instead(b""), ["header is missing"]),
    "sample: the header alone": (SAMPLE, without_lines(2, 999), ["no row below the header"]),
    "sample: a zip file": (SAMPLE, lambda data: zipped({SAMPLE: data}), ["is a zip file"]),
    "sample: test.csv": (
        SAMPLE,
        instead(",".join(kaggle_csv.PIXELS).encode() + b"\n"),
        ["line 1", "header of test.csv"],
    ),
}

HARMLESS = {
    "Windows line ends": lambda data: data.replace(b"\n", b"\r\n"),
    "some Windows line ends": line(3, lambda row: row + b"\r"),
    "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "no line end at the end": lambda data: data.removesuffix(b"\n"),
    "half a Windows line end at the end": lambda data: data.removesuffix(b"\n") + b"\r",
    "all three": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n").removesuffix(b"\r\n"),
}
