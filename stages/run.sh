# Run a stage for DVC: `sh stages/run.sh train 0`. It takes the Python of .venv, if there is one, also where that
# environment is not activated, and imports the project from the current folder also where PYTHONSAFEPATH is set.
PATH="$PWD/.venv/bin:$PATH"
unset PYTHONSAFEPATH
if ! command -v python >/dev/null; then
    echo 'error: no python was found; `make` sets up .venv, and `source .venv/bin/activate` selects it' >&2
    exit 1
fi
stage=$1
shift
exec python -m digits.quiet "stages.$stage" "$@"
