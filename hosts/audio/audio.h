/* audio: a sound device whose samples come from Scheme, and never late because of it.
 *
 * SDL's audio thread must not wait: it takes samples from a ring, or silence if there are too few
 * (a glitch, which is counted), and posts a call of Scheme's (voice.scm), which fills the ring
 * soon, and is ahead by its length. */
#ifndef AUDIO_H
#define AUDIO_H

enum { AUDIO_RATE = 44100, AUDIO_BLOCK = 512 };

/* Opens the device and begins to play, once. 0, or -1: audio_error() says why. */
int audio_begin(void);
/* Waits until what is in the ring has been taken, and for the device's thread, which calls Scheme:
 * so Scheme calls it by a foreign-blocking-lambda only. */
void audio_end(void);
const char *audio_error(void);

/* For the one who fills: how many more samples there is room for; adds `count` of them. */
int audio_room(void);
void audio_give(const float *samples, int count);

/* Blocks of AUDIO_BLOCK samples that the device has taken, and those with samples missing. */
int audio_blocks(void);
int audio_glitches(void);
/* Waits until it has taken so many more. */
void audio_wait(int blocks);

#endif
