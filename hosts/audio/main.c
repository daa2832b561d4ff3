/* audio: a synthesizer in Scheme. Each line of standard input is evaluated while it plays:
 *
 *   (play 440 2)            a note of 440 Hz that fades in two seconds
 *   (set! wave square)      what plays changes; also sine, saw, or (lambda (phase) ...)
 *   (wait 100)              until a hundred blocks of 12 ms are played
 *
 * audio [-p SOCKET] [DISTURBERS]: so many threads call Scheme all the time besides. At SOCKET there
 * is a prompt for `callseq-repl SOCKET`. */
#include "audio.h"
#include <callseq.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int disturb(void);

static atomic_bool ending;
static atomic_ulong disturbances;

static void *disturb_all_the_time(void *unused) {
  while (!ending) {
    disturb();
    disturbances++;
  }
  return unused;
}

int main(int argc, char **argv) {
  const char *prompt = NULL;
  for (int option; (option = getopt(argc, argv, "p:")) != -1;) {
    if (option != 'p')
      return 2;
    prompt = optarg;
  }
  int count = optind < argc ? atoi(argv[optind]) : 0;
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  if (audio_begin() != 0) {
    fprintf(stderr, "audio: %s\n", audio_error());
    return 1;
  }
  if (prompt && callseq_repl(prompt) != CALLSEQ_OK) {
    fprintf(stderr, "audio: %s\n", callseq_last_error());
    return 1;
  }
  pthread_t *threads = calloc((size_t)count + 1, sizeof *threads);
  for (int i = 0; i < count; i++)
    pthread_create(&threads[i], NULL, disturb_all_the_time, NULL);

  char *line = NULL, *value;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    if (callseq_eval(line, &value) == CALLSEQ_OK) {
      puts(value);
      free(value);
    } else {
      printf("%s\n", callseq_last_error());
    }
    fflush(stdout);
  }
  free(line);

  ending = true;
  for (int i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
  free(threads);
  audio_end();
  printf("%d blocks, %d glitches, %lu disturbances\n", audio_blocks(), audio_glitches(),
         (unsigned long)disturbances);
  return 0;
}
