#include <stdio.h>

void callseq_init(void);
int foo(int a);

int main(void) {
  callseq_init();
  printf("%d\n", foo(4));
  return 0;
}
