/* Part of sequencer.pml, in C: of all states that differ only in which thread is which, stores one.
 *
 * Threads have the same program, so what holds in a state holds in one with the threads' names
 * exchanged. The search itself goes on from the state that it has reached; only the table of those
 * that it has seen knows less. verify/run puts store_renamed in the place of spin's own h_store.
 *
 * A state is renamed in all the ways that sort the threads by where they are in the program, and
 * the least of the results is stored. Any choice would do: a worse one stores a state twice. */
int h_store(char *, int);
extern ulong vsize;
extern short *proc_offset;

#define LOCALS(thread) ((P0 *)pptr((thread)-1))

static uchar renamed[THREADS + 1]; /* thread to thread */

static uchar renamed_waiter(uchar waiter) {
  return waiter == 0 || waiter > WAITERS ? waiter
                                         : renamed[OWNER(waiter)] + (waiter - OWNER(waiter));
}

/* What `lock` holds if it is biased; else as it is. */
static uchar renamed_biased(uchar value) {
  return HAS_OWNER(value) ? value + 2 * (renamed[INDEX_OF(value)] - INDEX_OF(value)) : value;
}

static uchar renamed_value(int word, uchar value) {
#if BIASES
  if (word >= owners(0))
    return renamed[value & ~INSIDE] | (value & INSIDE);
#endif
  if (word == lock)
    return value <= THREADS ? renamed[value] : renamed_biased(value);
  return word == arrivals ? renamed_waiter(value) : value;
}

static int renamed_word(int word) {
#if BIASES
  if (word >= owners(0)) /* one for each thread, or one */
    return owners(renamed[word - owners(0)]);
#endif
  return word >= state(1) ? state(renamed_waiter(word - state(0))) : word;
}

static uchar holder_renamed(uchar thread) { return thread <= THREADS ? renamed[thread] : thread; }

/* From `old`, which has the layout of `now`, to `now`. */
static void rename_threads(const State *old) {
  for (int thread = 1; thread <= THREADS; thread++) {
    int to = renamed[thread];
    P0 *here = LOCALS(to);
    P0 locals = *(const P0 *)((const uchar *)old + ((uchar *)LOCALS(thread) - (uchar *)&now));
    locals._pid = here->_pid;
    locals.me = to;
    locals.w = locals.w > WAITERS ? WAITERS + to : renamed_waiter(locals.w);
    locals.it = renamed_waiter(locals.it);
    locals.top = renamed_waiter(locals.top);
    locals.n = renamed_waiter(locals.n);
    locals.heir = renamed_waiter(locals.heir);
#if BUG == LATE_WAKE
    locals.late = renamed_waiter(locals.late);
#endif
    locals.oldest = renamed_waiter(locals.oldest);
    locals.after = renamed_biased(renamed_waiter(locals.after));
    locals.seen = renamed_biased(locals.seen);
    *here = locals;
    now.asleep[to] = old->asleep[thread];
#if MEMORY != SC
    struct Buffer *buffer = &now.buffer[to];
    *buffer = old->buffer[thread];
    for (int slot = 0; slot < buffer->used; slot++) {
      buffer->values[slot] = renamed_value(buffer->words[slot], buffer->values[slot]);
      buffer->words[slot] = renamed_word(buffer->words[slot]);
    }
#endif
  }
  for (int waiter = 1; waiter <= WAITERS; waiter++) {
    int to = renamed_waiter(waiter);
    now.executed[to] = old->executed[waiter];
    now.gone[to] = old->gone[waiter];
#ifdef ORDER
    now.came[to] = old->came[waiter];
#endif
    now.next[to] = renamed_waiter(old->next[waiter]);
  }
  for (int word = 0; word < WORDS; word++)
    now.memory[renamed_word(word)] = renamed_value(word, old->memory[word]);
  now.brief = renamed_waiter(old->brief);
  now.turns = renamed_waiter(old->turns);
  now.holder = holder_renamed(old->holder);
}

/* Only threads of one kind are alike. */
static int kind(int thread) {
#ifdef CLOSES
  if (thread == CLOSER)
    return 4;
#endif
  return (thread == ALONE) + 2 * (BUSY >> thread & 1) + 8 * (ONCE >> thread & 1) +
         16 * (WITHDRAWS >> thread & 1);
}

/* The next way to rename: 0 if there is none. Ways are numbers with a digit for each thread. */
static int next_way(long *way) {
  long end = 1;
  for (int thread = 1; thread <= THREADS; thread++)
    end *= THREADS;
  while (++*way < end) {
    long rest = *way;
    int seen = 0;
    for (int thread = 1; thread <= THREADS; thread++) {
      renamed[thread] = rest % THREADS + 1;
      rest /= THREADS;
      seen |= kind(renamed[thread]) == kind(thread) ? 1 << renamed[thread] : 0;
    }
    if (seen == (1 << (THREADS + 1)) - 2)
      return 1;
  }
  return 0;
}

static int is_sorted(const unsigned *place) {
  for (int a = 1; a <= THREADS; a++)
    for (int b = 1; b <= THREADS; b++)
      if (kind(a) == kind(b) && place[a] < place[b] && renamed[a] > renamed[b])
        return 0;
  return 1;
}

#ifdef FINGERPRINTS
/* For the largest search, whose states do not fit into memory: a table with room for 2 to the power
 * of FINGERPRINTS hashes of states, of 64 bits each, instead of spin's. That one of n states is
 * overlooked has a chance of about n * n / 2 to the power of 65; verify/run prints n. */
typedef unsigned long long uint64;
extern void (*uerror)(char *);

/* Both halves of a product, so that each bit of a factor matters for each bit of the result. */
static uint64 mixed(uint64 a, uint64 b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64)product ^ (uint64)(product >> 64);
}

static uint64 fingerprint(void) {
  uint64 hash = vsize;
  for (ulong at = 0; at < vsize; at += 8) {
    uint64 word = 0;
    memcpy(&word, (char *)&now + at, vsize - at < 8 ? vsize - at : 8);
    hash = mixed(hash ^ word ^ 0x9e3779b97f4a7c15ull, 0xd6e8feb86659fd93ull + 2 * at);
  }
  hash = mixed(hash, 0xff51afd7ed558ccdull);
  return hash ? hash : 1;
}

/* As h_store: 0 if the state is new. */
static int store(void) {
  static uint64 *table, count;
  const uint64 mask = ((uint64)1 << FINGERPRINTS) - 1;
  uint64 hash = fingerprint(), at = hash & mask;
  if (!table && !(table = calloc(mask + 1, sizeof *table)))
    uerror("no memory for the fingerprints");
  for (; table[at]; at = (at + 1) & mask)
    if (table[at] == hash)
      return 1;
  table[at] = hash;
  if (++count > mask - mask / 8)
    uerror("too many states for the fingerprints");
  return 0;
}
#else
static int store(void) { return h_store((char *)&now, vsize); }
#endif

static int store_renamed(void) {
  State old, least;
  unsigned place[THREADS + 1];
  int found = 0;
  memcpy(&old, &now, vsize);
  for (int thread = 1; thread <= THREADS; thread++)
    place[thread] = LOCALS(thread)->_p * (CALLS + 2) + LOCALS(thread)->w / THREADS;
  for (long way = -1; next_way(&way);) {
    if (!is_sorted(place))
      continue;
    rename_threads(&old);
    if (!found || memcmp(&now, &least, vsize) < 0)
      memcpy(&least, &now, vsize);
    found = 1;
  }
  memcpy(&now, &least, vsize);
  int result = store();
  memcpy(&now, &old, vsize);
  return result;
}
