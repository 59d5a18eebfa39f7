"""Recognize handwritten digits with the trained network.

python predict_digit.py                          opens a page to draw on in the browser
python predict_digit.py photo.png scan.jpg box/  one line per picture: path, digit, probability; - is standard input
python predict_digit.py --number photo.png       several digits in a row, from left to right
"""

import argparse
import json
import sys
import traceback
import warnings

try:
    from digits import errors, quiet

    with quiet.native_log_hidden():
        from digits.handwriting import drawing_page, recognizer
except ModuleNotFoundError as missing:
    sys.exit(f"error: {missing}; run `make` once, then `source .venv/bin/activate` and `unset PYTHONSAFEPATH`")


def main() -> None:
    parser = argparse.ArgumentParser(description="Recognize handwritten digits with the trained network.")
    parser.add_argument(
        "pictures",
        nargs="*",
        metavar="PICTURE",
        help="image files or folders of them, - for standard input; without any, the drawing page is served",
    )
    parser.add_argument("--number", action="store_true", help="recognize several digits in a row")
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture with all probabilities")
    parser.add_argument("--port", type=int, default=8028, help="port of the drawing page (default: 8028)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 to draw on a phone in the same network (default: 127.0.0.1)",
    )
    parser.add_argument("--no-browser", action="store_true", help="serve the page without opening a browser")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module=r"PIL\.")  # about unusual files; errors are reported
    model = recognizer.Recognizer.load()
    if arguments.pictures:
        sys.exit(predict_files(model, arguments.pictures, arguments.number, arguments.json))
    drawing_page.serve(model, arguments.host, arguments.port, open_browser=not arguments.no_browser)


def predict_files(model: recognizer.Recognizer, names: list[str], number: bool, as_json: bool) -> int:
    """Print a line for each picture, errors on standard error; return the exit status, 1 if any picture failed."""
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
