"""Fails when code that runs in the signal handler can reach a function that is not on the allow-list.

    check_symbols.py ROOTS ALLOWED OBJECT...

The objects are the whole library. Starts at the functions that ROOTS names and follows references section by section
(there is one for each function, by -ffunction-sections), so a caller's caller counts as well. What is left is outside
the library, and must be on the list ALLOWED.

Both files: a pattern (fnmatch) of demangled names, two spaces or more, the reason. Calls through pointers are not
followed; their targets are roots.
"""
import collections
import fnmatch
import os.path
import re
import subprocess
import sys

import elf_object

DYNAMIC_TLS = {elf_object.R_X86_64_TLSGD, elf_object.R_X86_64_TLSLD, elf_object.R_X86_64_GOTPC32_TLSDESC,
               elf_object.R_X86_64_TLSDESC_CALL}
LINKER_MADE = re.compile(r"_GLOBAL_OFFSET_TABLE_|__(start|stop)_\w+|__dso_handle")


def demangled(names):
    names = list(names)
    output = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return dict(zip(names, output.splitlines()))


def read_patterns(path):
    patterns = []
    with open(path) as file:
        for number, line in enumerate(file, start=1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            fields = re.split(r"\s{2,}", line, maxsplit=1)
            if len(fields) != 2:
                sys.exit(f"{path}:{number}: '{line}' gives no reason")
            patterns.append(fields[0])
    return patterns


class Library:
    """All objects as a graph: a node is one section of one object, an edge a relocation."""

    def __init__(self, paths):
        self.objects = [elf_object.ElfObject(path) for path in paths]
        self.defined = {}
        self.edges = collections.defaultdict(list)
        for elf in self.objects:
            for symbol in elf.symbols:
                if symbol.is_global and symbol.section is not None:
                    self.defined.setdefault(symbol.name, (elf, symbol.section))
            for relocation in elf.relocations:
                self.edges[elf, relocation.section].append(relocation)

    def target(self, elf, symbol):
        """The node that a symbol of `elf` stands for, None when it is outside the library."""
        if symbol.section is not None:
            return elf, symbol.section
        return self.defined.get(symbol.name)

    def functions(self, pattern):
        names = demangled(self.defined)
        return [node for name, node in self.defined.items() if fnmatch.fnmatchcase(names[name], pattern)]


def reach(library, roots):
    """Externals reachable from the roots, name -> a node that refers to it; and for each node the one that led to it."""
    came_from = {root: None for root in roots}
    queue = collections.deque(roots)
    externals = {}
    while queue:
        node = queue.popleft()
        for relocation in library.edges[node]:
            target = library.target(node[0], relocation.symbol)
            if target is None:
                externals.setdefault(relocation.symbol.name, node)
            elif target not in came_from:
                came_from[target] = node
                queue.append(target)
    return externals, came_from


def way_to(node, came_from):
    steps = []
    while node is not None:
        elf, index = node
        steps.append(f"{os.path.basename(elf.path)}({elf.sections[index].name})")
        node = came_from[node]
    return " <- ".join(steps)


def errors_of(library, roots, allowed):
    externals, came_from = reach(library, roots)
    names = demangled(externals)
    for name, node in sorted(externals.items()):
        if LINKER_MADE.fullmatch(name):
            continue
        if not any(fnmatch.fnmatchcase(names[name], pattern) for pattern in allowed):
            yield f"{names[name]}: not on the allow-list: {way_to(node, came_from)}"
    for elf in library.objects:
        for relocation in elf.relocations:
            if relocation.type in DYNAMIC_TLS:
                yield f"{elf.path}: {relocation.symbol.name} is a thread_local that allocates (not initial-exec)"


def main():
    roots_file, allowed_file, *objects = sys.argv[1:]
    library = Library(objects)
    roots = []
    for pattern in read_patterns(roots_file):
        found = library.functions(pattern)
        if not found:
            sys.exit(f"{roots_file}: the library has no function '{pattern}'")
        roots += found
    errors = list(errors_of(library, roots, read_patterns(allowed_file)))
    print("\n".join(errors) or f"{len(roots)} functions checked, nothing outside the allow-list")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
