#!/bin/sh
# Pins all dependencies anew, after a change in pyproject.toml: scripts/lock.sh [--upgrade]
# The locks have hashes for every supported Python and no registry address: a mirror serves as well.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run

lock() {
    out=$1
    shift
    .bootstrap/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-header --no-annotate pyproject.toml --extra pipelines --extra quality --group build "$@" --output-file "$out"
}

lock requirements.lock "$@"
lock requirements-dev.lock "$@" --group dev --constraint requirements.lock
