/* A plugin for qemu's user mode: counts the instructions that the program executes, all threads',
 * and prints the number on standard error when it ends.
 *
 * Debian's qemu-user takes plugins and has no header for them: this is what is used of version 1 of
 * the interface, by the names of qemu-plugin.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb; /* a block of instructions that are translated together */

enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
void qemu_plugin_register_vcpu_insn_exec_inline(void *instruction, int operation, void *counter,
                                                uint64_t increment);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t index);

EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(qemu_plugin_id_t, const void *, int, char **);

int qemu_plugin_version = 1;

/* Counted without atomics: exact where one thread runs at a time, as in a row of the benchmark. */
static uint64_t executed;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
    qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_tb_get_insn(block, i),
                                               QEMU_PLUGIN_INLINE_ADD_U64, &executed, 1);
}

static void ended(qemu_plugin_id_t id, void *unused) {
  (void)id;
  (void)unused;
  fprintf(stderr, "instructions: %" PRIu64 "\n", executed);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments) {
  (void)info;
  (void)count;
  (void)arguments;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
