#!/usr/bin/env bash
# Run the pipeline at a revision and at the present commit, and write a comparison of the two in Markdown:
#   bash .github/compare.sh origin/main comment.md
# It needs a clean working tree, and leaves a detached HEAD and the tags `before` and `after`. Both run on this machine: on
# another one, the committed metrics would differ by rounding.
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
    git tag --force "$2"
}

run "$revision" before
run "$present" after
dvc plots diff before after
{
    printf '### The sample before and after this change\n\nBoth ran on the same machine.\n\n'
    dvc metrics diff --all --md before after
    printf '\nSettings that differ:\n\n'
    dvc params diff --md before after
    printf '\n'
} > "$comment"
