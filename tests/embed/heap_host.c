/* A full heap, which CHICKEN cannot survive, ends the process with a message that says so. */
#include "../support.h"

int keep(int);

static int fill(void) {
  char *argv[] = {(char *)"program", (char *)"-:hm32m", NULL};
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.argc = 2;
  config.argv = argv;
  if (callseq_init_with(&config))
    return 99;
  printf("%d\n", keep(4));
  fflush(stdout);
  printf("%d\n", keep(1000));
  return 0;
}

int main(void) {
  struct outcome full = in_child(fill);
  is_str(full.out, "4\n", "four megabytes fit, a thousand do not");
  ok(full.code != 0 && full.code != 99, "the process ends: code %d, signal %d", full.code,
     full.signal);
  ok(strstr(full.err, "heap"), "saying why: %s", full.err);
  return done();
}
