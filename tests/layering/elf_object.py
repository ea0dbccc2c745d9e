"""Reads sections, symbols and relocations of an x86-64 object file. Format: elf(5)."""
import collections
import struct

SHT_SYMTAB, SHT_RELA = 2, 4
SHF_EXECINSTR = 4
STB_LOCAL = 0
STT_SECTION = 3
SHN_UNDEF, SHN_LORESERVE = 0, 0xFF00
R_X86_64_TLSGD, R_X86_64_TLSLD = 19, 20
R_X86_64_GOTPC32_TLSDESC, R_X86_64_TLSDESC_CALL = 34, 35

Section = collections.namedtuple("Section", "name type flags offset size link info")
Symbol = collections.namedtuple("Symbol", "name section is_global")  # section: index, or None when undefined
Relocation = collections.namedtuple("Relocation", "section type symbol")  # section: index of the one it patches


class ElfObject:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self._data = file.read()
        if self._data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
        self.sections = self._read_sections()
        self.symbols = self._read_symbols()
        self.relocations = self._read_relocations()

    def _text(self, table, start):
        return self._data[table.offset + start:self._data.index(b"\0", table.offset + start)].decode()

    def _records(self, section, layout):
        return struct.iter_unpack(layout, self._data[section.offset:section.offset + section.size])

    def _read_sections(self):
        table_offset, = struct.unpack_from("<Q", self._data, 40)
        entry_size, count, names_index = struct.unpack_from("<HHH", self._data, 58)
        raw = []
        for index in range(count):
            name, kind, flags, _, offset, size, link, info = struct.unpack_from(
                "<IIQQQQII", self._data, table_offset + index * entry_size)
            raw.append(Section(name, kind, flags, offset, size, link, info))
        return [section._replace(name=self._text(raw[names_index], section.name)) for section in raw]

    def _read_symbols(self):
        symbols = []
        for table in (section for section in self.sections if section.type == SHT_SYMTAB):
            for name, info, _, index, _, _ in self._records(table, "<IBBHQQ"):
                text = self._text(self.sections[table.link], name)
                defined = SHN_UNDEF < index < SHN_LORESERVE
                if defined and info & 15 == STT_SECTION:
                    text = self.sections[index].name
                symbols.append(Symbol(text, index if defined else None, info >> 4 != STB_LOCAL))
        return symbols

    def _read_relocations(self):
        relocations = []
        for table in (section for section in self.sections if section.type == SHT_RELA):
            for _, info, _ in self._records(table, "<QQq"):
                relocations.append(Relocation(table.info, info & 0xFFFFFFFF, self.symbols[info >> 32]))
        return relocations
