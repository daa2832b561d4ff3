#include <callseq.h>
#include <stdio.h>

void visit(int number, int depth);
void start(void);
void start_unsafely(void);

/* A tree of numbers: n has the children 2n and 2n + 1, up to 7. */
void walk(int folder, int depth) {
  for (int child = 2 * folder; child <= 2 * folder + 1 && child <= 7; child++)
    visit(child, depth);
}

static void tell(void *data, int status, const char *message) {
  (void)data, (void)message;
  puts(status == CALLSEQ_UNSAFE ? "refused: CALLSEQ_UNSAFE" : callseq_strerror(status));
}

int main(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = tell;
  if (callseq_init_with(&config) != CALLSEQ_OK)
    return 1;
  start();
  fflush(stdout);
  start_unsafely();
  return 0;
}
