/* callseq_eval and callseq_load: forms are evaluated one by one, the last value comes as `write`
 * prints it, by any thread, nested, and while others wait; errors are those of any call. */
#include "../support.h"

int apply_rule(int n);

/* What `code` gives, and is expected to. */
static void gives(const char *code, const char *expected) {
  char *printed = NULL;
  int status = callseq_eval(code, &printed);
  is_int(status, CALLSEQ_OK, "%s%s", code, status ? callseq_last_error() : "");
  is_str(printed, expected, "its value");
  free(printed);
}

static void fails(const char *code, const char *part) {
  char *printed = (char *)"";
  is_int(callseq_eval(code, &printed), CALLSEQ_ERROR, "%s fails", code);
  const char *message = callseq_last_error();
  ok(message && strstr(message, part), "the message has %s: %s", part, message);
  ok(!printed, "there is no value");
  callseq_clear_error();
}

int evaluate_below(const char *code) { return callseq_eval(code, NULL); }

static void values(void) {
  gives("(+ 1 2)", "3");
  gives("", "");
  gives(" ; nothing\n#| and\nnothing |# #;(else)\n", "");
  gives("1 \"two\" 'three", "three");
  gives("(list \"a\\n\" #\\b 1.5 'c)", "(\"a\\n\" #\\b 1.5 c)");
  gives("(values 1 2)", "1");
  gives("#!eof", "#!eof");
  gives("'(#!eof)", "(#!eof)");
  gives("#<<END\ntext\nEND", "\"text\"");
  gives("(string->symbol \"\")", "||");
  gives("(let-values (((a b) (values 1 2))) (list a b))", "(1 2)");
  is_int(callseq_eval("(define seen 'yes) seen", NULL), CALLSEQ_OK, "a value is discarded");
  gives("seen", "yes");
}

/* A list of a million elements less two is whole, an endless one is not. */
static void endless(void) {
  char *printed = NULL;
  is_int(callseq_eval("(let loop ((i 0) (l '())) (if (< i 499998) (loop (+ i 1) (cons 7 l)) l))",
                      &printed),
         CALLSEQ_OK, "a long list");
  is_int(printed ? (int)strlen(printed) : 0, 2 * 499998 + 1, "it is whole");
  free(printed);
  static const char *const forms[] = {
      "(let ((l (list 1 2))) (set-cdr! (cdr l) l) l)",
      "(let ((l (list 1 2))) (set-car! l l) l)",
      "(let ((v (vector 1 2))) (vector-set! v 1 (list v)) v)",
      "(let ((v (vector 1))) (vector-set! v 0 v) v)",
      "(let loop ((i 0) (l '(a))) (if (< i 100) (loop (+ i 1) (cons l l)) l))",
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    is_int(callseq_eval(forms[i], &printed), CALLSEQ_OK, "%s", forms[i]);
    ok(printed && strlen(printed) > 1000 && strlen(printed) < 100000, "it is cut");
    free(printed);
  }
  gives("(define-record node next) (let ((n (make-node #f))) (node-next-set! n n) n)", "#<node>");
}

static void errors(void) {
  fails("(define before 1) (car 5) (define after 2)", "callseq_eval: (car) bad argument type: 5");
  gives("before", "1");
  fails("after", "unbound variable: after");
  fails("(define (inner x) (vector-ref x 9)) (inner (vector))", "(vector-ref) out of range");
  is_int(callseq_eval("(inner (vector))", NULL), CALLSEQ_ERROR, "it fails again");
  ok(callseq_last_trace() && strstr(callseq_last_trace(), "[inner] (vector-ref x 9)"),
     "the call chain names what was evaluated: %s", callseq_last_trace());
  fails("(error 'here \"not so\" 1)", "(here) not so: 1");
  if (loads_imports())
    fails("(import (chicken condition)) (abort 42)", "uncaught exception: 42");
  fails("(call-with-current-continuation)", "call-with-current-continuation");
  static const char *const incomplete[] = {"(+ 1",   "\"abc", "#|",     "'",    "#;",
                                           "#\\",    "(1 . ", "#(1",    "|abc", "#",
                                           "1 2 (3", "`(a ,", "#;(a) '"};
  for (size_t i = 0; i < sizeof incomplete / sizeof *incomplete; i++)
    fails(incomplete[i], "callseq_eval: ");
  fails(")", "unexpected list terminator");
  is_int(callseq_eval(NULL, NULL), CALLSEQ_INVALID, "no code");
  is_int(callseq_load(NULL), CALLSEQ_INVALID, "no file");
  is_int(callseq_load("there/is/none.scm"), CALLSEQ_ERROR, "no such file");
  ok(strstr(callseq_last_error(), "there/is/none.scm"), "its name is told: %s",
     callseq_last_error());
  callseq_clear_error();
}

static void environment(void) {
  is_int(apply_rule(21), 42, "the program's rule");
  gives("(rule 5)", "10");
  gives("(define (rule n) (+ n 1))", "#<unspecified>");
  is_int(apply_rule(21), 22, "a callback calls the new one");
  fails("(conc 1 2)", "unbound variable: conc");
  if (loads_imports()) {
    gives("(import (chicken string)) (conc 1 2)", "\"12\"");
    gives("(conc 3)", "\"3\"");
  }
  gives("(define-syntax twice (syntax-rules () ((_ x) (begin x x))))", "#<unspecified>");
  gives("(twice (set! seen (list seen)))", "#<unspecified>");
  gives("seen", "((yes))");
  gives("(module m (five) (import scheme) (define five 5))", "#<unspecified>");
  gives("(import m) five", "5");
  fails("(import (no such module))", "no import library no.such.module.import.so in ");
}

static void files(void) {
  char name[] = "/tmp/callseq-XXXXXX.scm";
  int fd = mkstemps(name, 4);
  FILE *file = fdopen(fd, "w");
  fputs("(define loaded 'first)\n(set! loaded (list loaded))\n", file);
  fclose(file);
  is_int(callseq_load(name), CALLSEQ_OK, "a source is loaded");
  gives("loaded", "(first)");
  file = fopen(name, "w");
  fputs("(define loaded 'again)\n(car loaded)\n(define loaded 'never)\n", file);
  fclose(file);
  is_int(callseq_load(name), CALLSEQ_ERROR, "one with an error");
  ok(strstr(callseq_last_error(), name) && callseq_last_trace(), "which names the file: %s",
     callseq_last_error());
  gives("loaded", "again");
  file = fopen(name, "w");
  fputs("(define loaded 'third)\n\n(car (loaded\n", file);
  fclose(file);
  is_int(callseq_load(name), CALLSEQ_ERROR, "one that is not whole");
  ok(strstr(callseq_last_error(), name) && strstr(callseq_last_error(), "line 3"),
     "which names file and line: %s", callseq_last_error());
  unlink(name);
  callseq_clear_error();
}

enum { THREADS = 8, EACH = 200 };
static void add(int index) {
  char code[100], expected[20], *printed;
  for (int i = 0; i < EACH; i++) {
    int n = index * EACH + i;
    snprintf(code, sizeof code, "(begin (set! sum (+ sum %d)) %d)", n, n);
    snprintf(expected, sizeof expected, "%d", n);
    if (callseq_eval(code, &printed) || strcmp(printed, expected))
      ok(false, "%s gives %s", code, printed);
    free(printed);
  }
}

static void threads(void) {
  gives("(define sum 0)", "#<unspecified>");
  crew(THREADS, add);
  char expected[20];
  snprintf(expected, sizeof expected, "%d", THREADS * EACH * (THREADS * EACH - 1) / 2);
  gives("sum", expected);
}

/* What one waits for, another one sets; each has an import of its own. */
static void wait_and_set(int index) {
  if (index)
    gives("(import (only (chicken sort) sort)) (let wait () (if (not waits?) (begin (pause) "
          "(wait)))) (set! may-go? #t) (sort '(2 1) <)",
          "(1 2)");
  else
    gives("(set! waits? #t) (let wait () (if (not may-go?) (begin (pause) (wait)))) "
          "(import (chicken bitwise)) (bitwise-and 7 3)",
          "3");
}

static void nested(void) {
  gives("(evaluate-below \"(set! level 1)\")", "0");
  gives("level", "1");
  gives("(list (evaluate-below \"(car 1)\") level)", "(1 1)");
  gives("(evaluate-outside \"(set! level (+ 1 level))\")", "0");
  gives("level", "2");
  if (!loads_imports())
    return;
  gives("(define waits? #f) (define may-go? #f)", "#<unspecified>");
  crew(2, wait_and_set);
  gives("(sort (list (bitwise-and 6 3) 1) <)", "(1 2)");
}

/* What a green thread delivers by mistake is freed. It has read the text to its end by then, so
 * that the call fails, too. */
static int deliver_wrongly(int times) {
  int refused = 0;
  for (int i = 0; i < times; i++) {
    char *printed = NULL;
    refused +=
        callseq_eval("(enter-by-thread large 'right)", &printed) == CALLSEQ_ERROR && !printed;
  }
  callseq_clear_error();
  return refused;
}

static void delivered_wrongly(void) {
  enum { TIMES = 100 };
  int refused = 0;
  long growth = growth_kb(deliver_wrongly, TIMES, &refused);
  is_int(refused, TIMES, "values that a green thread would give to a call");
  ok(WATCHED || growth < 16384, "%d of these, resident memory has grown by %ld KB", TIMES, growth);
}

int main(void) {
  is_int(callseq_eval("1", NULL), CALLSEQ_CLOSED, "before callseq_init");
  start_quietly();
  values();
  endless();
  errors();
  environment();
  files();
  threads();
  nested();
  delivered_wrongly();
  gives("(rule 5)", "6");
  return done();
}
