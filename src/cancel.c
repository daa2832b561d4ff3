/* How it works. Every object in the process lists the names that it expects from others, in one
 * table with those that it offers. How long that table is only its hash tables tell. A program
 * without a dynamic linker has none: there the weak reference below is NULL unless something else
 * has brought pthread_cancel in.
 *
 * Who finds the function by dlsym is not seen. */
#define _GNU_SOURCE
#include "cancel.h"

#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#pragma weak pthread_cancel

#define SYMBOL_BIND(symbol) ((symbol)->st_info >> 4) /* the same for both sizes of ELF */

#if defined(__alpha__) || (defined(__s390__) && defined(__LP64__))
typedef uint64_t hash_word; /* of the older hash table */
#else
typedef uint32_t hash_word;
#endif

/* In some systems the dynamic linker has added the object's place to the addresses, in some not. */
static const void *address(const struct dl_phdr_info *object, ElfW(Addr) value) {
  return (const void *)(value < object->dlpi_addr ? value + object->dlpi_addr : value);
}

/* The number of symbols from a GNU hash table: header of four words, Bloom filter, buckets that
 * hold the index of the first symbol of a chain, chains whose last word is odd. */
static size_t symbols_hashed(const uint32_t *table) {
  uint32_t buckets = table[0], first = table[1], bloom_words = table[2];
  const uint32_t *bucket = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
  const uint32_t *chain = bucket + buckets;
  uint32_t last = 0;
  for (uint32_t i = 0; i < buckets; i++)
    if (bucket[i] > last)
      last = bucket[i];
  if (last < first)
    return first;
  while (!(chain[last - first] & 1))
    last++;
  return last + 1;
}

static bool imports(const struct dl_phdr_info *object, const ElfW(Dyn) * entry) {
  const ElfW(Sym) *symbols = NULL;
  const char *names = NULL;
  size_t count = 0;
  for (; entry->d_tag != DT_NULL; entry++) {
    const void *table = address(object, entry->d_un.d_ptr);
    if (entry->d_tag == DT_SYMTAB)
      symbols = table;
    else if (entry->d_tag == DT_STRTAB)
      names = table;
    else if (entry->d_tag == DT_GNU_HASH)
      count = symbols_hashed(table);
    else if (entry->d_tag == DT_HASH && !count)
      count = ((const hash_word *)table)[1];
  }
  if (!symbols || !names)
    return false;
  /* This library's own reference is weak. */
  for (size_t i = 1; i < count; i++)
    if (symbols[i].st_shndx == SHN_UNDEF && SYMBOL_BIND(&symbols[i]) != STB_WEAK &&
        strcmp(names + symbols[i].st_name, "pthread_cancel") == 0)
      return true;
  return false;
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

bool callseq_cancel_possible(void) {
  static _Atomic(unsigned long) seen; /* how many objects had been loaded at the last search */
  static _Atomic(bool) possible;      /* once true, for good */
  unsigned long long loads = 0;
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
