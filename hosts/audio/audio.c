#include "audio.h"
#include <SDL.h>
#include <stdatomic.h>
#include <string.h>

int render(void); /* Scheme's, posted: fills the ring */

enum { RING = 4 * AUDIO_BLOCK }; /* 46 ms */

/* One thread adds at `given`, one takes at `taken`; both only grow. */
static float ring[RING];
static atomic_uint given, taken;

static atomic_int blocks, glitches;
static SDL_AudioDeviceID device;

int audio_room(void) { return (int)(RING - (atomic_load(&given) - atomic_load(&taken))); }

void audio_give(const float *samples, int count) {
  unsigned at = atomic_load(&given);
  for (int i = 0; i < count; i++)
    ring[(at + (unsigned)i) % RING] = samples[i];
  atomic_store(&given, at + (unsigned)count);
}

/* SDL's thread: nothing here waits, nor takes a lock. */
static void take(void *unused, Uint8 *stream, int length) {
  (void)unused;
  float *samples = (float *)(void *)stream;
  unsigned count = (unsigned)length / sizeof *samples, at = atomic_load(&taken);
  unsigned there = atomic_load(&given) - at, n = there < count ? there : count;
  for (unsigned i = 0; i < n; i++)
    samples[i] = ring[(at + i) % RING];
  memset(samples + n, 0, (count - n) * sizeof *samples);
  atomic_store(&taken, at + n);
  atomic_fetch_add(&blocks, 1);
  if (n < count)
    atomic_fetch_add(&glitches, 1);
  render(); /* if the queue is full there are such posts in it */
}

int audio_begin(void) {
  SDL_AudioSpec spec = {.freq = AUDIO_RATE,
                        .format = AUDIO_F32SYS,
                        .channels = 1,
                        .samples = AUDIO_BLOCK,
                        .callback = take};
  if (SDL_Init(SDL_INIT_AUDIO) != 0)
    return -1;
  device = SDL_OpenAudioDevice(NULL, 0, &spec, NULL, 0);
  if (!device)
    return -1;
  render();
  while (audio_room() > 0)
    SDL_Delay(1);
  SDL_PauseAudioDevice(device, 0);
  return 0;
}

void audio_end(void) {
  audio_wait(RING / AUDIO_BLOCK);
  SDL_CloseAudioDevice(device);
  SDL_Quit();
}

const char *audio_error(void) { return SDL_GetError(); }
int audio_blocks(void) { return blocks; }
int audio_glitches(void) { return glitches; }

void audio_wait(int count) {
  for (int end = audio_blocks() + count; audio_blocks() < end;)
    SDL_Delay(1);
}
