/* A string or list of a type with a star is the call's from the moment that it is made: freed once,
 * whether the call succeeds, fails at any point, or is refused. */
#include "../support.h"
#include <malloc.h>
#include <setjmp.h>

enum { TIMES = 50, SIZE = 200000 };

int taken(char *), body_fails(char *), result_fails(unsigned char *),
    refused_before(char *, char *), refused_after(char *, char *),
    refused_between(char *, char *, unsigned char *), try_refused(char *, char *, int *),
    list_taken(char **), list_refused(char *, char **), constant(char *, char *), unsafe(void),
    reread(int, char *), undefined(char *), list_undefined(char **);

static char text[] = "text";

static char *big(void) {
  char *s = malloc(SIZE);
  memset(s, 'x', SIZE - 1);
  s[SIZE - 1] = '\0';
  return s;
}

static char **list(void) {
  char **l = calloc(3, sizeof *l);
  l[0] = big();
  l[1] = big();
  return l;
}

int give_in_scheme(void) { return taken(big()); }

static void take(void) { taken(big()); }
static void fail_body(void) { body_fails(big()); }
static void fail_result(void) { result_fails((unsigned char *)big()); }
static void refuse_before(void) { refused_before(NULL, big()); }
static void refuse_after(void) { refused_after(big(), NULL); }
static void refuse_between(void) { refused_between(big(), text, (unsigned char *)big()); }
static void refuse_status(void) { try_refused(NULL, big(), NULL); }
static void take_list(void) { list_taken(list()); }
static void refuse_list(void) { list_refused(NULL, list()); }
static void refuse_constant(void) { constant(big(), NULL); }
static void refuse_unsafe(void) { unsafe(); }
static void read_twice(void) { reread(1, big()); }
static void refuse_undefined(void) { undefined(big()), list_undefined(list()); }

static jmp_buf out;
static bool leaves;

static void leave(void *data, int status, const char *message) {
  (void)data, (void)status, (void)message;
  if (leaves)
    longjmp(out, 1);
}

static void refuse_and_leave(void) {
  leaves = true;
  if (!setjmp(out))
    refused_before(NULL, big());
  leaves = false;
}

/* Nothing is to be left. Each string is a mapping of its own, so that they can be counted: what
 * Scheme has in use changes by itself, but in few pieces. */
static void frees(void (*call)(void), const char *what) {
  call();
  size_t before = mallinfo2().hblks;
  for (int i = 0; i < TIMES; i++)
    call();
  size_t after = mallinfo2().hblks;
  ok(after < before + TIMES / 2, "freed: %s", what);
}

int main(void) {
  mallopt(M_MMAP_THRESHOLD, SIZE);
  frees(refuse_undefined, "a call before callseq_init");
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = leave;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  is_int(taken(big()), SIZE - 1, "a c-string* arrives");
  is_int(list_taken(list()), 2, "a c-string-list* arrives");
  is_int(taken(NULL), -1, "NULL too");
  is_int(list_taken(NULL), -1, "NULL for a list");
  frees(take, "the call succeeds");
  frees(fail_body, "the body fails");
  failed("body_fails", "the body fails");
  frees(fail_result, "the result is of another type");
  failed("result_fails", "not of type");
  frees(refuse_before, "an argument before it is refused");
  failed("refused_before", "NULL");
  frees(refuse_after, "an argument after it is refused");
  failed("refused_after", "NULL");
  frees(refuse_between, "a converter fails between two");
  failed("refused_between", "the converter refuses");
  frees(refuse_status, "the same in the status form");
  failed("try_refused", "NULL");
  frees(take_list, "a call with a list succeeds");
  frees(refuse_list, "an argument before a list is refused");
  failed("list_refused", "NULL");
  frees(refuse_constant, "(const c-string*)");
  frees(refuse_unsafe, "a call where CHICKEN cannot be re-entered");
  is_int(callseq_last_status(), CALLSEQ_UNSAFE, "... which was refused so");
  frees(read_twice, "a converter is entered twice");
  is_int(reread(1, big()), 0, "... the second time there is nothing left");
  frees(refuse_undefined, "the callback is not defined");
  is_int(callseq_last_status(), CALLSEQ_CLOSED, "... which was refused so");
  frees(refuse_and_leave, "on_error leaves by longjmp");
  return done();
}
