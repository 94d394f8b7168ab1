#!/bin/sh
# Makes the Python environment .venv from the pinned locks: scripts/setup.sh run|dev
# `run` has what the platform needs, `dev` also what tests, types and benchmarks need. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-run}
stamp=.venv/.stamp # one line per kind that .venv is good for

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# Everything that decides what .venv must hold. The folder too: a moved checkout has programs with dead paths.
digest() {
    lock=requirements.lock
    [ "$1" = run ] || lock=requirements-dev.lock
    { echo "$1 $PWD"; cat "$lock" requirements-bootstrap.lock pyproject.toml scripts/setup.sh; } | sha256sum
}

is_ready() { grep -qxF "$(digest "$kind")" "$stamp" 2>/dev/null && .venv/bin/python -c '' 2>/dev/null; }

# Install packages of the distribution as root or by sudo; fails when neither is to be had.
apt_install() {
    if [ "$(id -u)" = 0 ]; then root=''
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then root=sudo
    else return 1; fi
    command -v apt-get >/dev/null || return 1
    say "Đang cài / Installing: $*"
    $root sh -c '
        export DEBIAN_FRONTEND=noninteractive
        get() { apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >/dev/null; }
        get "$@" 2>/dev/null || { apt-get update -qq && get "$@"; }' apt "$@" >&2
}

find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    die 'Cần Python 3.11 trở lên (đặt PYTHON=... nếu có ở nơi khác).' \
        '/ Python 3.11 or newer is needed (set PYTHON=... when it is elsewhere).'
}

# uv, pinned, in a folder of its own: it installs the rest.
bootstrap() {
    if [ -x .bootstrap/bin/uv ] && cmp -s requirements-bootstrap.lock .bootstrap/done; then return; fi
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "$package" ||
        die "Thiếu gói $package. Chạy với quyền root: apt-get install $package" \
            "/ The package $package is missing. Run as root: apt-get install $package"
    "$python" -m venv --clear .bootstrap
    .bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        -r requirements-bootstrap.lock
    cp requirements-bootstrap.lock .bootstrap/done
}

sync() {
    lock=requirements.lock
    [ "$kind" = run ] || lock=requirements-dev.lock
    .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear --without-pip .venv
    rm -f "$stamp"
    export VIRTUAL_ENV="$PWD/.venv" UV_PYTHON_DOWNLOADS=never
    .bootstrap/bin/uv pip sync --quiet --require-hashes --build-constraints requirements.lock "$lock"
    .bootstrap/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
    { digest run; [ "$kind" = run ] || digest dev; } >"$stamp"
}

# What tests drive from outside: a browser, GDAL as a client of the OGC surface, and a spreadsheet program.
test_programs() {
    set --
    command -v chromium >/dev/null || set -- "$@" chromium
    command -v ogr2ogr >/dev/null || set -- "$@" gdal-bin
    command -v soffice >/dev/null || set -- "$@" libreoffice-calc-nogui
    [ $# = 0 ] || apt_install "$@" ||
        say "Thiếu $* cho kiểm thử. Chạy với quyền root: apt-get install $*" \
            "/ Tests lack $*. Run as root: apt-get install $*"
}

case $kind in run | dev) ;; *) die 'scripts/setup.sh run|dev' ;; esac
if ! is_ready; then
    # what was once made for development stays so
    if [ -f "$stamp" ] && [ "$(wc -l <"$stamp")" -gt 1 ]; then kind=dev; fi
    exec 9>.setup.lock # one at a time
    flock 9
    if ! is_ready; then
        say 'Đang chuẩn bị môi trường Python ... / Preparing the Python environment ...'
        python=$(find_python)
        bootstrap
        sync
    fi
fi
if [ "${1:-run}" = dev ]; then test_programs; fi
