"""Fails when a folder includes what the order of layers forbids.

    check_includes.py ROOT

adapters -> include/preempt; in src/, a folder includes itself, the folders to its right in LAYERS and the public
headers. A folder in BESIDE is a library of its own: itself and the public headers. The public headers include no file
of src/.
"""
import pathlib
import re
import sys

LAYERS = ["sync", "core", "signal", "fiber", "asm", "os", "base"]
BESIDE = {"hooks": (), "checkpoints": ("asm/macros.h",), "promises": ("hooks/next.h",)}
SUFFIXES = {".h", ".inc", ".cpp", ".S"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<((?:preempt|%s)/[^>]+)>)' % "|".join([*LAYERS, *BESIDE]))


def included_files(path):
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2)


def check_folder(folder, may_include, beside=False):
    for path in sorted(folder.rglob("*")):
        if path.suffix not in SUFFIXES:
            continue
        for number, included in included_files(path):
            if beside and (path.parent / included).is_file():
                continue
            if not included.startswith(may_include):
                yield f"{path}:{number}: includes {included}, but may include only {', '.join(may_include)}"


def check_tree(root):
    # Of Abseil, the interface shows only its status types: its string_view is a type of its own on Debian.
    public = ("preempt/", "absl/status/")
    yield from check_folder(root / "include", public)
    yield from check_folder(root / "adapters", public, beside=True)
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        if folder.name in BESIDE:
            yield from check_folder(folder, (f"{folder.name}/", "preempt/", *BESIDE[folder.name]))
            continue
        if folder.name not in LAYERS:
            yield f"{folder}: is not in the order of layers, {' -> '.join(LAYERS)}"
            continue
        to_the_right = LAYERS[LAYERS.index(folder.name):]
        yield from check_folder(folder, tuple(f"{layer}/" for layer in to_the_right) + ("preempt/", "absl/"))


def main():
    root = pathlib.Path(sys.argv[1])
    if not list((root / "src").rglob("*.cpp")):
        sys.exit(f"{root}/src: no source found, so nothing was checked")
    errors = list(check_tree(root))
    print("\n".join(errors) or "the order of layers holds")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
