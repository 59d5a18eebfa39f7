"""Recognize handwritten digits with the trained network.

python predict_digit.py                          opens the page to draw on, reports/draw.html, in the browser
python predict_digit.py photo.png scan.jpg box/  one line per picture: path, digit, probability; - is standard input
python predict_digit.py --number photo.png       several digits in a row, from left to right
"""

import argparse
import json
import sys
import traceback
import warnings
import webbrowser
from pathlib import Path

from digits import errors

PAGE = Path("reports/draw.html")


def main() -> None:
    parser = argparse.ArgumentParser(description="Recognize handwritten digits with the trained network.")
    parser.add_argument(
        "pictures",
        nargs="*",
        metavar="PICTURE",
        help="image files or folders of them, - for standard input; without any, the page to draw on is opened",
    )
    parser.add_argument("--number", action="store_true", help="recognize several digits in a row")
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture with all probabilities")
    arguments = parser.parse_args()
    if arguments.pictures:
        sys.exit(predict_files(arguments.pictures, arguments.number, arguments.json))
    open_page()


def open_page() -> None:
    """Print the path of the drawing page, and open it where there is a browser.

    Raises:
        InputError: the pipeline has not written it.
    """
    if not PAGE.exists():
        raise errors.InputError(f"{PAGE} is missing; `dvc repro` writes it")
    print(f"draw at {PAGE.resolve().as_uri()}", flush=True)
    webbrowser.open(PAGE.resolve().as_uri())


def predict_files(names: list[str], number: bool, as_json: bool) -> int:
    """Print a line for each picture, errors on standard error; return the exit status, 1 if any picture failed."""
    from digits.handwriting import recognizer  # here, since it imports TensorFlow, which takes seconds

    warnings.filterwarnings("ignore", module=r"PIL\.")  # about unusual files; errors are reported
    model = recognizer.Recognizer.load()
    status = 0
    for name in recognizer.expand_folders(names):
        try:
            predictions = model.predict(recognizer.open_picture(name), number)
        except errors.InputError as error:
            print(f"error: {name} {error}", file=sys.stderr, flush=True)
            status = 1
            continue
        except Exception:  # a bug: print its traceback and continue with the other pictures
            print(f"error: {name} could not be read:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            status = 1
            continue
        digits = "".join(str(prediction.digit) for prediction in predictions)
        if as_json:
            probabilities = [prediction.rounded_probabilities() for prediction in predictions]
            print(json.dumps({"path": name, "digits": digits, "probabilities": probabilities}))
        else:
            print(f"{name}\t{digits}\t{min(prediction.confidence for prediction in predictions):.4f}")
    return status


if __name__ == "__main__":
    errors.run(main)
