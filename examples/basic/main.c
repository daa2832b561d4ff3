#include <callseq.h>
#include <stdio.h>

int foo(int a);

int main(void) {
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  printf("%d\n", foo(4));
  return 0;
}
