"""Fetches the front-end files that pages use into the package, so that no page asks another server for anything.

    python scripts/vendor.py            fetch what scripts/vendor.json lists, verify, write the files
    python scripts/vendor.py --check    the same, but only compare with the files that are there

Each entry of vendor.json: name and version of an npm package, its sha512 integrity, the folder to write to, and
`files` (path in the package -> file name). The results are committed; running a platform never needs this script.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "platform/lienthong/portal/static/vendor"


def fetch(name: str, version: str, folder: Path) -> bytes:
    """The package's tarball, by npm."""
    command = ["npm", "pack", f"{name}@{version}", "--pack-destination", str(folder), "--silent"]
    packed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout.split()[-1]
    return (folder / packed).read_bytes()


def contents(entry: dict[str, Any]) -> dict[Path, bytes]:
    """The wanted files of a package. Exits when its bytes are not the ones that were pinned."""
    with tempfile.TemporaryDirectory() as folder:
        packed = fetch(entry["name"], entry["version"], Path(folder))
        found = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
        if found != entry["integrity"]:
            sys.exit(f"{entry['name']}@{entry['version']}: integrity is {found}, vendor.json says {entry['integrity']}")
        archive = Path(folder) / "packed.tgz"
        archive.write_bytes(packed)
        with tarfile.open(archive) as tar:
            return {
                TARGET / entry["folder"] / target: tar.extractfile(f"package/{source}").read()  # type: ignore[union-attr]
                for source, target in entry["files"].items()
            }


def main() -> None:
    """Fetch and write, or with --check compare."""
    differing = []
    for entry in json.loads((ROOT / "scripts/vendor.json").read_text("utf-8"))["packages"]:
        for path, content in contents(entry).items():
            if path.is_file() and path.read_bytes() == content:
                continue
            differing.append(path.relative_to(ROOT))
            if "--check" not in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    for path in differing:
        print(path)
    if differing and "--check" in sys.argv:
        sys.exit("these files differ from their packages")


if __name__ == "__main__":
    main()
