"""Fails when an object would make the stack of its program executable.

    check_stack_notes.py OBJECT...

The linker gives a program an executable stack as soon as one object lacks the section .note.GNU-stack.
"""
import sys

import elf_object


def error_of(path):
    notes = [section for section in elf_object.ElfObject(path).sections if section.name == ".note.GNU-stack"]
    if not notes:
        return f"{path}: has no .note.GNU-stack"
    if any(note.flags & elf_object.SHF_EXECINSTR for note in notes):
        return f"{path}: asks for an executable stack"
    return None


def main():
    errors = list(filter(None, map(error_of, sys.argv[1:])))
    print("\n".join(errors) or f"{len(sys.argv) - 1} objects checked")
    sys.exit(1 if errors or len(sys.argv) == 1 else 0)


if __name__ == "__main__":
    main()
