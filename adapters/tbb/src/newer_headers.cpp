// A program that was built with newer headers than this library implements is told so when it is loaded, by its name,
// and not by a symbol that the loader does not find, or by a call that nobody answers.
//
// What newer headers import is defined here, and only for that. An archive brings this file into a program only when it
// imports one of them; in a shared library the imports of all loaded objects are looked through.
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "headers.h"

static_assert(
    TBB_INTERFACE_VERSION <= 12080,
    "preempt: these are oneTBB headers of an interface newer than 12080 (oneTBB 2021.8), the newest that adapters/tbb "
    "implements");

// The mangled names of what was added to tbb::detail::r1 behind interface 12080.
#define PREEMPT_TBB_NEWER_IMPORTS(apply)                                                                           \
  apply(_ZN3tbb6detail2r121set_assertion_handlerEPFvPKciS3_S3_E) apply(_ZN3tbb6detail2r121get_assertion_handlerEv) \
      apply(_ZN3tbb6detail2r127get_thread_reference_vertexEPNS0_2d126wait_tree_vertex_interfaceE)                  \
          apply(_ZN3tbb6detail2r116current_task_ptrEv)                                                             \
              apply(_ZN3tbb6detail2r114execution_slotERKNS0_2d115task_arena_baseE)                                 \
                  apply(_ZN3tbb6detail2r120enter_parallel_phaseEPNS0_2d115task_arena_baseEm)                       \
                      apply(_ZN3tbb6detail2r119exit_parallel_phaseEPNS0_2d115task_arena_baseEm)                    \
                          apply(_ZN3tbb6detail2r116alloc_interleaveEmm) apply(_ZN3tbb6detail2r115free_interleaveEPvm)

namespace {

[[noreturn]] void stop(const char* object, const char* import) {
  std::fprintf(
      stderr,
      "preempt::tbb: %s was built with oneTBB headers newer than 2021.8 (it imports %s); this library implements "
      "interface %d (oneTBB 2021.8). Build it with headers up to 2021.8, or run it with oneTBB's own library.\n",
      *object != '\0' ? object : "the program", import, TBB_runtime_interface_version());
  std::_Exit(127);
}

}  // namespace

#define PREEMPT_TBB_DEFINE(name) \
  extern "C" __attribute__((visibility("default"))) void name() { stop("", #name); }
PREEMPT_TBB_NEWER_IMPORTS(PREEMPT_TBB_DEFINE)

namespace {

constexpr std::string_view kNewerImports[] = {
#define PREEMPT_TBB_NAME(name) #name,
    PREEMPT_TBB_NEWER_IMPORTS(PREEMPT_TBB_NAME)};

// What the loader needs to find an object's symbols.
struct dynamic_section {
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  const std::uint32_t* gnu_hash = nullptr;

  explicit dynamic_section(const dl_phdr_info& object) {
    for (int i = 0; i < object.dlpi_phnum; ++i) {
      const ElfW(Phdr)& header = object.dlpi_phdr[i];
      if (header.p_type != PT_DYNAMIC) continue;
      const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + header.p_vaddr);
      for (; entry->d_tag != DT_NULL; ++entry) read(*entry);
    }
  }

  // Imports stand before the symbols that the hash table knows.
  std::uint32_t imports() const { return gnu_hash != nullptr ? gnu_hash[1] : 0; }

 private:
  void read(const ElfW(Dyn) & entry) {
    if (entry.d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym)*>(entry.d_un.d_ptr);
    if (entry.d_tag == DT_STRTAB) strings = reinterpret_cast<const char*>(entry.d_un.d_ptr);
    if (entry.d_tag == DT_GNU_HASH) gnu_hash = reinterpret_cast<const std::uint32_t*>(entry.d_un.d_ptr);
  }
};

int look_through(dl_phdr_info* object, std::size_t, void*) {
  // The vDSO's addresses are not relocated.
  if (object->dlpi_name != nullptr && std::string_view(object->dlpi_name).starts_with("linux-vdso")) return 0;
  const dynamic_section dynamic(*object);
  if (dynamic.symbols == nullptr || dynamic.strings == nullptr) return 0;
  for (std::uint32_t i = 0; i < dynamic.imports(); ++i) {
    const ElfW(Sym)& symbol = dynamic.symbols[i];
    const char* const name = dynamic.strings + symbol.st_name;
    if (symbol.st_shndx != SHN_UNDEF) continue;
    if (std::find(std::begin(kNewerImports), std::end(kNewerImports), name) != std::end(kNewerImports)) {
      stop(object->dlpi_name, name);
    }
  }
  return 0;
}

// In an archive it is here because something in the program imports it, wherever that was resolved.
[[gnu::constructor]] void look_for_newer_headers() { dl_iterate_phdr(look_through, nullptr); }

}  // namespace
