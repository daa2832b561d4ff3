#include <callseq.h>
#include <stdio.h>
#include <string.h>

int age(char *name);
int find_age(char *name, int *result);
int age_in_words(char *name, char **result);

/* A message's first line; CHICKEN's call chain follows in further lines. */
static void print_message(const char *message) {
  printf("  %.*s\n", (int)strcspn(message, "\n"), message);
}

/* Called by the thread whose call has failed. */
static void tell(void *count, int status, const char *message) {
  ++*(int *)count;
  printf("on_error: %s:\n", callseq_strerror(status));
  print_message(message);
}

int main(void) {
  int failures = 0, result = -1;
  char *words = NULL;
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = tell;
  config.on_error_data = &failures;
  if (callseq_init_with(&config) != CALLSEQ_OK)
    return 1;

  printf("plain: ann is %d\n", age("ann"));
  printf("plain: eve is %d\n", age("eve"));
  printf("status of the last failure: %d\n", callseq_last_status());
  callseq_clear_error();

  if (find_age("bob", &result) == CALLSEQ_OK)
    printf("status: bob is %d\n", result);
  if (find_age("eve", &result) == CALLSEQ_ERROR)
    print_message(callseq_last_error());
  printf("the result is still %d\n", result);
  if (age_in_words("bob", &words) == CALLSEQ_ERROR)
    print_message(callseq_last_error());

  printf("calls of on_error: %d\n", failures);
  return 0;
}
