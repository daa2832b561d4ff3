/* What the dynamic linker knows: can a thread of this process be cancelled, which is so only where
 * the program or a library that it has loaded imports pthread_cancel; and may this library be
 * unloaded?
 *
 * How it works. Every object in the process has tables of relocations: places where the dynamic
 * linker writes addresses, and the names whose addresses. What an object imports stands in one of
 * them; the symbol table would do as well, but does not tell how long it is. A program without a
 * dynamic linker has none: there the weak reference below is NULL unless something else has brought
 * pthread_cancel in.
 *
 * Who finds the function by dlsym is not seen.
 *
 * The tables are read under a lock of the dynamic linker, which a thread of the parent may have
 * held at a fork: then the child must never ask for it. */
#define _GNU_SOURCE
#include "system.h"

#ifndef CALLSEQ_POSIX
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#pragma weak pthread_cancel

#define SYMBOL_BIND(symbol) ((symbol)->st_info >> 4) /* the same for both sizes of ELF */
#if __ELF_NATIVE_CLASS == 64
#define SYMBOL_INDEX(info) ELF64_R_SYM(info)
#else
#define SYMBOL_INDEX(info) ELF32_R_SYM(info)
#endif

/* In some systems the dynamic linker has added the object's place to the addresses, in some not. */
static const void *address(const struct dl_phdr_info *object, ElfW(Addr) value) {
  return (const void *)(value < object->dlpi_addr ? value + object->dlpi_addr : value);
}

/* What an object's dynamic section says, by tag; the tags that are asked for here are all small. */
struct dynamic {
  ElfW(Addr) value[DT_JMPREL + 1];
};

/* Does one of the relocations in `table` name pthread_cancel? Each is `step` bytes long and begins
 * with an ElfW(Rel). */
static bool name_it(const struct dl_phdr_info *object, const struct dynamic *dynamic, int table,
                    int bytes, size_t step) {
  const ElfW(Sym) *symbols = address(object, dynamic->value[DT_SYMTAB]);
  const char *names = address(object, dynamic->value[DT_STRTAB]);
  const char *first = address(object, dynamic->value[table]);
  for (size_t at = 0; at < dynamic->value[bytes]; at += step) {
    const ElfW(Rel) *relocation = (const void *)(first + at);
    const ElfW(Sym) *symbol = &symbols[SYMBOL_INDEX(relocation->r_info)];
    /* This library's own reference is weak. */
    if (symbol->st_shndx == SHN_UNDEF && SYMBOL_BIND(symbol) != STB_WEAK &&
        strcmp(names + symbol->st_name, "pthread_cancel") == 0)
      return true;
  }
  return false;
}

static bool imports(const struct dl_phdr_info *object, const ElfW(Dyn) * entry) {
  struct dynamic dynamic = {{0}};
  for (; entry->d_tag != DT_NULL; entry++)
    if (entry->d_tag > 0 && entry->d_tag <= DT_JMPREL)
      dynamic.value[entry->d_tag] = entry->d_un.d_ptr;
  bool addends = dynamic.value[DT_PLTREL] == DT_RELA;
  return name_it(object, &dynamic, DT_REL, DT_RELSZ, sizeof(ElfW(Rel))) ||
         name_it(object, &dynamic, DT_RELA, DT_RELASZ, sizeof(ElfW(Rela))) ||
         name_it(object, &dynamic, DT_JMPREL, DT_PLTRELSZ,
                 addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel)));
}

struct search {
  bool found, has_linker;
};

static int look_at(struct dl_phdr_info *object, size_t size, void *data) {
  struct search *search = data;
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    if (header->p_type == PT_INTERP)
      search->has_linker = true;
    if (header->p_type == PT_DYNAMIC &&
        imports(object, (const ElfW(Dyn) *)(object->dlpi_addr + header->p_vaddr)))
      search->found = true;
  }
  return search->found;
}

static int count_loads(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size;
  *(unsigned long long *)data = object->dlpi_adds;
  return 1;
}

/* In glibc, and musl: true while the process has one thread. */
extern char __libc_single_threaded __attribute__((weak));

static _Atomic(bool) had_threads, stays_locked;

void callseq_system_before_fork(void) {
  bool alone = &__libc_single_threaded && __libc_single_threaded;
  atomic_store_explicit(&had_threads, !alone, memory_order_relaxed);
}

void callseq_system_forked(void) {
  if (atomic_load_explicit(&had_threads, memory_order_relaxed))
    atomic_store_explicit(&stays_locked, true, memory_order_relaxed);
}

/* Cheap unless objects have been loaded since the last time. */
bool callseq_system_can_cancel(void) {
  static _Atomic(unsigned long) seen; /* how many objects had been loaded at the last search */
  static _Atomic(bool) possible;      /* once true, for good */
  unsigned long long loads = 0;
  if (atomic_load_explicit(&stays_locked, memory_order_relaxed))
    return true;
  dl_iterate_phdr(count_loads, &loads);
  if (!atomic_load_explicit(&possible, memory_order_relaxed) &&
      atomic_load_explicit(&seen, memory_order_relaxed) != (unsigned long)loads) {
    struct search search = {false, false};
    dl_iterate_phdr(look_at, &search);
    if (search.found || (!search.has_linker && pthread_cancel))
      atomic_store_explicit(&possible, true, memory_order_relaxed);
    atomic_store_explicit(&seen, (unsigned long)loads, memory_order_relaxed);
  }
  return atomic_load_explicit(&possible, memory_order_relaxed);
}

/* Two threads may do this at a time, but none waits for another: one of them may be in a
 * constructor, with the dynamic linker locked. */
void callseq_system_stay_loaded(const void *address) {
  static _Atomic(bool) done;
  Dl_info info;
  struct link_map *object = NULL;
  if (atomic_load_explicit(&done, memory_order_relaxed))
    return;
  /* The program itself has no name. */
  if (dladdr1(address, &info, (void **)&object, RTLD_DL_LINKMAP) && object && *object->l_name)
    dlopen(object->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  atomic_store_explicit(&done, true, memory_order_relaxed);
}
#endif
