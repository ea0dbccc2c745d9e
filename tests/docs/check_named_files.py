"""Fails when the documentation names a file, or a name in a file, that is not there.

    check_named_files.py ROOT

Read are docs/*.md, README.md and src/*/README.md, without their fenced code. A path in backticks must exist: from the
root, from the document's own folder, or from src/ or include/. Names in backticks right behind a path, as in
`src/core/handoff.cpp` `take`, `pass_on`, must occur in that file. In the tables of COMPLETE each row names in its last
column a file under tests/, or says the word "limit".
"""
import pathlib
import re
import sys

COMPLETE = ("docs/go-map.md", "docs/pitfalls.md")
SPAN = re.compile(r"`([^`]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:h|hpp|cpp|S|py|cmake|md|txt)")
NAME = re.compile(r"~?\w+(?:::~?\w+)*(?:\(\))?")
BETWEEN_NAMES = re.compile(r"(?:\s|,|and)*")
# Made by a build, or a kind of name and no file.
NOT_IN_TREE = re.compile(r"build/|.*\bNAME\b")
ROW = re.compile(r"^\|(.*)\|\s*$")
RULE = re.compile(r"[\s|:-]*")


def documents(root):
    yield from sorted((root / "docs").glob("*.md"))
    yield from sorted(root.glob("README.md"))
    yield from sorted((root / "src").glob("*/README.md"))


def find(root, document, path):
    for folder in (root, document.parent, root / "src", root / "include"):
        if (folder / path).exists():
            return folder / path
    return None


def missing_names(file, name):
    text = file.read_text() if file.is_file() else ""
    return [part for part in re.findall(r"\w+", name) if not re.search(rf"\b{re.escape(part)}\b", text)]


class Check:
    def __init__(self, root):
        self.root = root
        self.errors = []
        self.paths = self.names = self.rows = 0

    def document(self, document):
        text = FENCE.sub(lambda match: "\n" * match.group().count("\n"), document.read_text())
        self.spans(document, text)
        if document.relative_to(self.root).as_posix() in COMPLETE:
            self.table(document, text)

    def spans(self, document, text):
        file = None
        end = 0
        for match in SPAN.finditer(text):
            span = match.group(1)
            if not BETWEEN_NAMES.fullmatch(text, end, match.start()):
                file = None
            end = match.end()
            where = f"{document.relative_to(self.root)}:{text.count(chr(10), 0, match.start()) + 1}"
            if PATH.fullmatch(span) and not NOT_IN_TREE.match(span):
                self.paths += 1
                file = find(self.root, document, span)
                if file is None:
                    self.errors.append(f"{where}: {span}: no such file")
            elif file is not None and NAME.fullmatch(span):
                self.names += 1
                for part in missing_names(file, span):
                    self.errors.append(f"{where}: {part}: does not occur in {file.relative_to(self.root)}")

    def table(self, document, text):
        lines = text.splitlines()
        for number, line in enumerate(lines, start=1):
            row = ROW.match(line)
            is_head = number < len(lines) and lines[number].startswith("|") and RULE.fullmatch(lines[number])
            if not row or RULE.fullmatch(line) or is_head:
                continue
            self.rows += 1
            last = row.group(1).split("|")[-1]
            if not re.search(r"`tests/[^`]+`", last) and not re.search(r"\blimit\b", last, re.IGNORECASE):
                self.errors.append(f"{document.relative_to(self.root)}:{number}: names neither a test nor a limit")


def main():
    check = Check(pathlib.Path(sys.argv[1]).resolve())
    for document in documents(check.root):
        check.document(document)
    if not check.paths or not check.names or not check.rows:
        sys.exit(f"{check.root}: found no path, no name or no row, so nothing was checked")
    print("\n".join(check.errors) or f"{check.paths} paths, {check.names} names and {check.rows} rows hold")
    sys.exit(1 if check.errors else 0)


if __name__ == "__main__":
    main()
