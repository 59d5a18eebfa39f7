#!/usr/bin/env bash
# Run the pipeline at a revision and at the present commit, and write a comparison of the two in Markdown:
#   bash .github/compare.sh origin/main comment.md
# It needs a clean working tree and leaves a detached HEAD. Both run on this machine: on another one, the committed
# metrics would differ by rounding.
set -euo pipefail
PATH=$PWD/.venv/bin:$PATH
revision=$(git rev-parse "$1")
comment=$2
present=$(git rev-parse HEAD)

run() {
    git checkout --quiet --detach "$1"
    make
    git add --all
    git -c user.name=pipeline -c user.email=pipeline@localhost commit --quiet --allow-empty --message "Results of $1"
}

run "$revision"
before=$(git rev-parse --short HEAD)
run "$present"
dvc plots diff "$before" HEAD
{
    printf '### The sample before and after this change\n\n'
    printf '`%s` is the base of the pull request, `HEAD` is with its changes; both ran on the same machine.\n\n' "$before"
    dvc metrics diff --all --md "$before" HEAD
    printf '\nSettings that differ:\n\n'
    dvc params diff --md "$before" HEAD
    printf '\n'
} > "$comment"
