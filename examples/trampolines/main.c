#include <callseq.h>
#include <stdio.h>

void sort_by_distance(int *numbers, int n, int centre);
int nest(int depth);

static void quiet(void *data, int status, const char *message) {
  (void)data, (void)status;
  printf("%s\n", message);
}

int main(void) {
  int numbers[] = {3, 20, 11, 8, 16};
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = quiet;
  if (callseq_init_with(&config) != CALLSEQ_OK)
    return 1;
  sort_by_distance(numbers, 5, 10);
  for (int i = 0; i < 5; i++)
    printf("%d ", numbers[i]);
  printf("\n%d at a time\n", nest(4));
  nest(5);
  return 0;
}
