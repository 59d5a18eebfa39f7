"""See what the trained network makes of a handwritten digit.

python predict_digit.py                          a page to draw on, in the browser
python predict_digit.py photo.png scan.jpg box/  one line each: path, digit, probability; - reads standard input
python predict_digit.py --number photo.png       several digits in a row, read from left to right
"""

import argparse
import json
import sys
import traceback

try:
    from digits import errors
    from digits.handwriting import drawing_page, recognizer
except ModuleNotFoundError as missing:
    sys.exit(f"error: {missing}; run `make` once, then `source .venv/bin/activate` and `unset PYTHONSAFEPATH`")


def main():
    parser = argparse.ArgumentParser(description="See what the trained network makes of a handwritten digit.")
    parser.add_argument(
        "pictures",
        nargs="*",
        metavar="PICTURE",
        help="image files or folders of them, - for standard input; none: the page to draw on",
    )
    parser.add_argument("--number", action="store_true", help="read several digits in a row")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture, with all ten probabilities")
    parser.add_argument("--port", type=int, default=8028, help="of the page (default: 8028)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address of this machine to serve on; 0.0.0.0 for a phone in the same network (default: 127.0.0.1)",
    )
    parser.add_argument("--no-browser", action="store_true", help="serve the page without opening it")
    arguments = parser.parse_args()
    reader = recognizer.Reader.load()
    if arguments.pictures:
        sys.exit(read_files(reader, arguments.pictures, arguments.number, arguments.json))
    drawing_page.serve(reader, arguments.host, arguments.port, open_browser=not arguments.no_browser)


def read_files(reader, names, number, as_json):
    """Print a line for each picture; what cannot be read is said on standard error. 1 if any could not, else 0."""
    status = 0
    for name in recognizer.expand(names):
        try:
            answers = reader.read(recognizer.open_picture(name), number)
        except errors.InputError as error:
            print(f"error: {name} {error}", file=sys.stderr, flush=True)
            status = 1
            continue
        except Exception:  # a bug: it keeps its traceback, and the other pictures are read all the same
            print(f"error: {name} could not be read:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            status = 1
            continue
        digits = "".join(str(answer.digit) for answer in answers)
        if as_json:
            print(
                json.dumps({"path": name, "digits": digits, "probabilities": [answer.listed() for answer in answers]})
            )
        else:
            print(f"{name}\t{digits}\t{min(answer.probability for answer in answers):.4f}")
    return status


if __name__ == "__main__":
    errors.run(main)
