/* CHICKEN's embedding API (CHICKEN_eval_string and its kin) in functions handed to callseq_invoke,
 * by many threads: its results, its own way to tell of errors, and callbacks beside it. */
#include "../support.h"

#pragma GCC diagnostic push /* a header of the system only where it is in its folder */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <chicken.h>
#pragma GCC diagnostic pop

int twice(int), calls_so_far(void);

struct job {
  int n, status;
  char text[64], message[256];
};

static void eval_text(void *argument) {
  struct job *job = argument;
  char code[64];
  snprintf(code, sizeof code, "(number->string (count %d))", job->n);
  job->status = CHICKEN_eval_string_to_string(code, job->text, sizeof job->text);
}

/* A result lives until the next collection: it is used up inside, or kept by a root. */
static void eval_and_apply(void *argument) {
  struct job *job = argument;
  void *procedure = CHICKEN_new_gc_root();
  C_word result = C_SCHEME_UNDEFINED, room[C_SIZEOF_LIST(1)], *a = room;
  job->status = CHICKEN_eval_string((char *)"(lambda (n) (+ 1 (count n)))", &result);
  CHICKEN_gc_root_set(procedure, result);
  job->n += twice(1) - 2; /* a callback, which may collect */
  job->status +=
      CHICKEN_apply(CHICKEN_gc_root_ref(procedure), C_list(&a, 1, C_fix(job->n)), &result);
  job->n = C_unfix(result);
  CHICKEN_delete_gc_root(procedure);
}

static void eval_error(void *argument) {
  struct job *job = argument;
  char code[64];
  C_word result;
  snprintf(code, sizeof code, "(error \"not this one\" %d)", job->n);
  job->status = CHICKEN_eval_string(code, &result);
  CHICKEN_get_error_message(job->message, sizeof job->message);
}

static void read_and_eval(void *argument) {
  struct job *job = argument;
  C_word form;
  job->status = CHICKEN_read((char *)"(list 1 2 3)", &form) +
                CHICKEN_eval_to_string(form, job->text, sizeof job->text);
}

static void load_file(void *argument) {
  struct job *job = argument;
  char name[] = "embedding_loaded.scm";
  FILE *file = fopen(name, "w");
  if (file) {
    fputs("(define loaded (count 8))", file);
    fclose(file);
  }
  job->status = CHICKEN_load(name) +
                CHICKEN_eval_string_to_string((char *)"loaded", job->text, sizeof job->text);
  remove(name);
}

static void yield(void *argument) { *(int *)argument = CHICKEN_yield(); }

enum { TURNS = WATCHED ? 20 : 200, THREADS = 4, COUNTED = 4 };

static void from_thread(int index) {
  int right = 0;
  for (int i = 0; i < often(TURNS); i++) {
    struct job job = {.n = index * TURNS + i};
    char want[32];
    snprintf(want, sizeof want, "\"%d\"", 2 * job.n);
    right +=
        callseq_invoke(eval_text, &job) == CALLSEQ_OK && job.status == 1 && !strcmp(job.text, want);
    int n = job.n;
    right +=
        callseq_invoke(eval_and_apply, &job) == CALLSEQ_OK && job.status == 2 && job.n == 2 * n + 1;
    job.n = n;
    snprintf(want, sizeof want, "not this one: %d", n);
    right += callseq_invoke(eval_error, &job) == CALLSEQ_OK && job.status == 0 &&
             strstr(job.message, want);
    right += twice(n) == 2 * n;
  }
  is_int(right, COUNTED * often(TURNS), "thread %d: evaluates, applies, is told of errors", index);
}

int main(void) {
  struct job job = {.n = 5};
  int yielded = 0;
  start_quietly();
  crew(THREADS, from_thread);
  is_int(calls_so_far(), COUNTED * THREADS * often(TURNS), "each was executed once");
  is_int(callseq_last_status(), CALLSEQ_OK, "such an error is no failure of the call");
  is_int(callseq_invoke(read_and_eval, &job), CALLSEQ_OK, "CHICKEN_read");
  is_int(job.status, 2, "and CHICKEN_eval_to_string");
  is_str(job.text, "(1 2 3)", "their result");
  is_int(callseq_invoke(load_file, &job), CALLSEQ_OK, "CHICKEN_load");
  is_str(job.status == 2 ? job.text : NULL, "16", "what it has defined");
  is_int(callseq_invoke(yield, &yielded), CALLSEQ_OK, "CHICKEN_yield");
  is_int(yielded, 1, "its result");
  is_int(twice(21), 42, "later calls are fine");
  return done();
}
