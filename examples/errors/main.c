#include <callseq.h>
#include <stdio.h>

int age(char *name);
int find_age(char *name, int *result);
int age_in_words(char *name, char **result);

/* The message of this thread's last failure; and, where somebody debugs, the way there in Scheme.
 */
static void print_failure(void) {
  printf("  %s\n", callseq_last_error());
  if (callseq_last_trace())
    fprintf(stderr, "%s", callseq_last_trace());
}

/* Called by the thread whose call has failed. */
static void tell(void *count, int status, const char *message) {
  (void)message; /* is callseq_last_error() */
  ++*(int *)count;
  printf("on_error: %s:\n", callseq_strerror(status));
  print_failure();
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
    print_failure();
  printf("the result is still %d\n", result);
  if (age_in_words("bob", &words) == CALLSEQ_ERROR)
    print_failure();

  printf("calls of on_error: %d\n", failures);
  return 0;
}
