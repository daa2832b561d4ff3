/* The runtime: one Scheme on its own stack, and who may touch what of it.
 *
 * One instance in each loaded image. What the fast path touches is its first part, which generated
 * code reaches by a symbol of its own (call.h); everything else here takes the runtime as a
 * parameter, `r`, but for what generated code and callseq.scm call. Each part says who may touch
 * it:
 *
 *   holder       the thread that holds the sequencer, on the Scheme stack or on its own
 *   set-up       written by the thread that sets up, before the sequencer opens; constant then
 *   any thread   at any time, as an atomic
 *
 * Frames on the Scheme stack that live across a switch may go on in another thread, so nothing that
 * runs between two switches keeps the address of a thread-local: they are reached in functions that
 * are not inlined. Needs <chicken.h> before it. */
#ifndef CALLSEQ_RUNTIME_H
#define CALLSEQ_RUNTIME_H

#include "exports.h"

#include "base/checked.h"
#include "base/tools.h"
#include "masks.h"
#include "sequence/backlog.h"
#include "signals.h"
#include "system/bell.h"
#include "system/front.h"
#include "system/stack.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum callseq_procedure {
#define PROCEDURE(name) CALLSEQ_PROCEDURE_##name,
#include "procedures.h"
#undef PROCEDURE
  CALLSEQ_PROCEDURES
};

enum callseq_state {
  CALLSEQ_NEW,
  CALLSEQ_LOADING,
  CALLSEQ_READY,
  CALLSEQ_FAILED,
  CALLSEQ_ENDED /* closed, or a Scheme program that was the host */
};

/* A blocking C function that is run on the Scheme stack, in whose frame this is; see invoke.c. */
struct callseq_in_place {
  struct callseq_abi_job *job;
  struct callseq_in_place *around; /* the next further up the stack, of the same level; or NULL */
  sigjmp_buf restart;              /* CHICKEN's, as it was outside of the function */
  int safe;                        /* length of CHICKEN's stack of safe lambdas there */
};

/* What each level of calls on the Scheme stack has for itself; see levels.c. */
struct callseq_level {
  struct callseq_level *outer;           /* NULL: this is level 0 */
  struct callseq_abi_current_call below; /* the call of the outer level */
  sigjmp_buf restart;                    /* CHICKEN's, for collections in this level */
  int safe;                        /* length of CHICKEN's stack of safe lambdas at its beginning */
  struct callseq_in_place *jobs;   /* run in place above it, innermost first */
  bool begins;                     /* its first request is still to be begun */
  struct callseq_kept_mask caller; /* of the thread that has made its call */
};

enum {
  CALLSEQ_LAPS = CALLSEQ_LIMIT(64, 2)
}; /* the collection after one in so many laps is measured */

/* A configuration that a Scheme program has been given late. */
struct callseq_late_config {
  callseq_config config;
  struct callseq_late_config *before; /* NULL, or one that threads may still be reading */
};

/* The call in which the process forks, if that is another thread's. */
struct callseq_call_at_fork {
  struct callseq_abi_request *copy; /* as large as any call */
  size_t bytes;
  struct callseq_abi_request *original; /* NULL: nothing has been replaced */
  bool in_use;                          /* by this process, which was forked in that call */
};

struct callseq_runtime {
  struct callseq_abi_runtime fast; /* abi.h says by whom */

  /* Set-up. setup.c writes it, `state` last. */
  struct {
    pthread_mutex_t mutex;                      /* of whoever sets up, or forks */
    _Atomic(int) state;                         /* one of enum callseq_state; any thread */
    pid_t process;                              /* that loads, or has loaded, the program */
    int status;                                 /* what callseq_init returned, once FAILED */
    callseq_config config;                      /* with the defaults filled in */
    _Atomic(struct callseq_late_config *) late; /* instead of that, unless it is NULL; any thread */
    ptrdiff_t nursery;                          /* its size in bytes */
    struct callseq_stack stack;
    C_word *stack_top;    /* above all of it */
    void *return_to_host; /* CHICKEN's trampoline when it has returned to the host */
    C_word *asking;       /* its limit before the program was asked for its sizes; or NULL */
    size_t not_in_stack;  /* the nursery that the program wants, where there is no room for it */
  } setup;

  /* Set-up: GC roots. */
  struct {
    void *procedures[CALLSEQ_PROCEDURES];
    void *safe_lambdas; /* of the symbol whose value is CHICKEN's stack of them */
    void *green_thread; /* of that whose value is the present one */
    void **spare;       /* holder: roots that are not in use, for other values */
    size_t spares;      /* holder: how many there are in `spare` */
    size_t room;        /* holder: how many have room in it */
  } roots;

  /* Holder. */
  struct {
    struct callseq_level base, *innermost;
    int depth;     /* how many there are above level 0 */
    C_word serial; /* of the last call above level 0, a fixnum; each has 1 less than the one before.
                      Any thread may read it */
    C_word base_serial; /* the serial of level 0 while there is another level. Any thread may read
                           it */
  } levels;

  /* Holder. */
  struct {
    struct callseq_abi_request *own; /* that is executed after those of its batch */
  } batch;

  /* Calls that wait; see suspend.c and settle.c. Holder, but for what says otherwise. */
  struct {
    struct callseq_resident *residents; /* all of them */
    struct callseq_resident *attached;  /* executes the current call, or has just left */
    struct callseq_abi_request *came;   /* that a spare resident is being attached for; or NULL */
    int exclusive;                      /* how many (exclusively ...) are being evaluated */
    bool never; /* there are calls without the lock: nothing else may come between them. Whoever
                   defines one writes it, in a program that calls from one thread at a time */
    pthread_mutex_t mutex;            /* of `outside`; any thread, for moments */
    struct callseq_resident *outside; /* those whose native thread waits for a ring */
    C_word above; /* the last serial, while a resumed call has an older one; else 0. Any thread may
                     read it */
  } suspend;

  /* References of C's to objects; see handles.c. */
  struct {
    _Atomic(struct callseq_handle *) aside; /* those released since they were taken; any thread */
    struct callseq_handle *spare;           /* holder: those to make others of */
    bool watched;                           /* set-up: where they are made is kept, and they rest */
    struct callseq_handle *oldest, *newest; /* holder: the list of those that rest */
    size_t rests;                           /* holder: how many rest */
    struct place *places;                   /* holder: where handles were made */
    struct place *found; /* holder: that of the last one which was read and had been released */
    /* The last one of all. The holder writes it, any thread may read it. */
    _Atomic(struct callseq_handle *) all;
    _Atomic(uint64_t) made;     /* how many times one has been made. As `all` */
    _Atomic(uint64_t) released; /* how many times one has been released for good; any thread */
    int collections;          /* holder: how many have begun and not ended, one inside the other */
    _Atomic(unsigned) moving; /* odd: objects are being moved. As `all` */
    _Atomic(bool) reported;   /* those that are alive at the end have been; any thread */
  } handles;

  /* Calls that outlive their caller's frame; see later.c. Holder, but for what says otherwise. What
   * threads that post read, and what is written for each call, are cache lines apart. */
  struct {
    struct callseq_backlog backlog;               /* any thread, once `begun` is true */
    _Atomic(bool) begun CALLSEQ_APART;            /* any thread writes it, with the mutex */
    _Atomic(bool) awake;                          /* somebody will look here; any thread */
    _Atomic(uint32_t) flushers;                   /* threads in callseq_flush; any thread */
    _Atomic(uint32_t) flushed;                    /* they sleep on it; any thread */
    _Atomic(struct callseq_abi_notice *) notices; /* pending, newest first; any thread adds */
    struct callseq_abi_notice *known;             /* all that are defined */
    pthread_mutex_t mutex;              /* of `begun` and `outstanding`; held for moments */
    struct callseq_future *outstanding; /* mutex: those that have begun, and left the runtime */
    _Atomic(uint64_t) refused, cancelled, dropped; /* any thread counts */
    /* All calls with lower tickets have begun. Any thread may read it. */
    _Atomic(uint64_t) settled CALLSEQ_APART;
    _Atomic(uint64_t) executed;            /* how many; any thread may read it */
    _Atomic(uint64_t) longest;             /* time in the queue, in ns; any thread may read it */
    struct callseq_future *due, *last_due; /* suspended ones that can go on, oldest first */
    struct callseq_abi_notice *noticed;    /* the same as `notices`, oldest first */
    struct callseq_future *spare;          /* records for small calls */
    uint32_t spares;                       /* how many there are in `spare` */
    uint32_t in_batch;                     /* how many calls the present batch has executed */
    bool by_service;                       /* the present batch is the service's */
    uint64_t bound;                        /* batches execute none with a higher ticket */
    bool plain; /* the call of level 0 has come as a small post by itself, and what it has done
                   leaves its reply no more to do than to be the end of such a one */
    _Atomic(bool) process_ends; /* by (exit): who waits for such calls does not come back */
  } later;

  struct callseq_signals signals; /* signals.h says by whom */

  /* A Scheme program that hosts native threads; see program.c and program_turn.c. */
  struct {
    struct callseq_abi_request request; /* the program, as a call that does not end */
    struct callseq_stack side;          /* set-up: where its native thread waits meanwhile */
    bool hosts;                         /* set-up: there is one */
    uint64_t left;           /* holder: when it has left the runtime last, by callseq_clock_now */
    _Atomic(uint64_t) since; /* when it has got the runtime, by callseq_clock_now; 0: it has not.
                                The holder writes it, any thread may read it */
    _Atomic(uint64_t) share; /* how long it may keep the runtime from others, in ns. As `since` */
    _Atomic(bool) asked;     /* to give way; any thread */
  } program;

  /* What no native thread waits for; see service.c. Holder, but for what says otherwise. */
  struct {
    _Atomic(int) state;        /* one of enum callseq_service_state; any thread */
    struct callseq_bell bell;  /* made and closed while nobody can tell; any thread, and signal
                                  handlers, ring it */
    _Atomic(bool) told;        /* since the service last began to call; as `bell` */
    _Atomic(bool) reported;    /* that there can be no service; any thread */
    bool ready;                /* a green thread has been made ready */
    sigset_t mask;             /* that of the thread that makes the service, before it does */
    pthread_t thread;          /* the service's; whoever makes it writes this, before it LIVES */
    _Atomic(uint32_t) ended;   /* not 0: that thread is about to end, and has written this */
    _Atomic(bool) first_ended; /* the first thread of this forked child has; any thread */
    _Atomic(uint32_t) serving; /* the host's service: not 0 while a thread serves; any thread */
    /* What it waits for: its own, and the holder's in its call. */
    struct callseq_front front; /* the host's service has one */
    struct pollfd *set;         /* the bell first, then other descriptors */
    nfds_t descriptors;         /* how many there are in `set` */
    nfds_t room;                /* how many have room in it */
    uint64_t deadline;          /* by callseq_clock_now; 0: none */
    uint64_t until;             /* when the host's loop has served for long enough */
    uint32_t patience;          /* it waits so many ms for the runtime. Its own thread's */
    C_word serial;              /* of the call that it has waited for. Its own thread's */
    bool keen;                  /* calls for later have come soon after the last ones. Its own
                                   thread's, as the next two */
    bool watches;               /* it looks for more of them before it sleeps */
    uint64_t idle;              /* when it had executed the last one, by callseq_clock_now */
    bool yields;                /* its last call has given way, with green threads that could run */
    _Atomic(uint64_t) keeps;    /* until then its call does not give way, by callseq_clock_now. Any
                                   thread may read it */
    _Atomic(struct callseq_chore *) chores; /* newest first; any thread adds, the service takes */
    /* Blocking C functions of green threads; see errands.c. */
    struct callseq_errand *errands; /* all that have not been taken */
    _Atomic(uint32_t) finished;     /* how many have been done so far; any thread */
    _Atomic(struct callseq_errand *)
        done; /* those of `errands`; any thread adds, the holder takes */
  } service;

  /* See fork.c, fork_steps.c and birth.c. */
  struct {
    _Atomic(pid_t) process; /* in which the last fork has begun; the forking thread */
    bool registered;        /* set-up: the handlers are */
    void (*in_child)(void); /* holder: a step of callseq-eval's, or NULL */
    int forks; /* how many have made this process of the first one; a child's beginning counts */
    struct callseq_call_at_fork call; /* holder */
    struct {
      bool in_call; /* this process was born in the call `serial`, which has not ended */
      bool thunk;
      C_word serial;
      bool serves; /* it was born for a thunk in the service's call; by whoever serves, too */
    } birth;       /* holder */
  } fork;

  /* callseq_close; see close.c. */
  struct {
    _Atomic(uint32_t) state; /* one of enum callseq_close_state; any thread sleeps on it */
    pthread_t thread;        /* the one that closes; written by it, read by a forked child */
    int status;              /* what it returns, once `state` is CLOSED */
  } close;

  /* Holder: the stacks on both sides of the switch, as the tools know them. */
  struct callseq_tools_side outside_tools, inside_tools;

  /* The holder writes, any thread reads; see stats.c. */
  struct {
    _Atomic(uint64_t) collections, inside_ns, suspended;
    _Atomic(uint64_t) internal; /* calls of the library's own, which callseq_stats leaves out */
  } counts;

  /* Holder. */
  struct {
    char *end;         /* what fast.lap_end would be if the runtime were not being closed */
    int left;          /* so many laps until one is measured; 0: this one is */
    uint64_t collects; /* the thread's time when the collection that is measured began */
    bool costly;       /* the last collection that was measured took long */
  } laps;

  bool made_room;                /* holder: a collection has made room for callseq_invoke */
  _Atomic(bool) closed_reported; /* CLOSED has been printed; any thread */
};

/* The one instance. Generated code knows its first part, by the same symbol. */
#define CALLSEQ_STRING_(text) #text
#define CALLSEQ_STRING(text) CALLSEQ_STRING_(text)
#define CALLSEQ_SYMBOL(name) CALLSEQ_STRING(__USER_LABEL_PREFIX__) name
extern struct callseq_runtime callseq_runtime __asm__(CALLSEQ_SYMBOL("callseq_abi_runtime"))
    __attribute__((visibility("default")));
#define CALLSEQ_ABI_RUNTIME (&callseq_runtime.fast)

#include "call.h"

/* The configuration in force. Any thread. */
static inline const callseq_config *callseq_runtime_config(struct callseq_runtime *r) {
  /* acquire: pairs with the release in set_late of setup.c */
  struct callseq_late_config *late = atomic_load_explicit(&r->setup.late, memory_order_acquire);
  return late ? &late->config : &r->setup.config;
}

/* ---- Who is where ---- */

/* Is this thread the holder? Any thread. */
bool callseq_runtime_inside(struct callseq_runtime *r);

/* Is this function's frame on the Scheme stack, or on the native thread's own? */
bool callseq_runtime_on_stack(struct callseq_runtime *r);

/* What functions rely on: that this thread is the holder, or is not; that it is on the Scheme
 * stack, or on its own (a program's may not be known: program.c); and that it is the holder on the
 * Scheme stack. */
#define CALLSEQ_ASSERT_HOLDER(r) CALLSEQ_ASSERT(callseq_runtime_inside(r))
#define CALLSEQ_ASSERT_OUTSIDE(r) CALLSEQ_ASSERT(!callseq_runtime_inside(r))
#define CALLSEQ_ASSERT_ON_STACK(r) CALLSEQ_ASSERT(callseq_runtime_on_stack(r))
#define CALLSEQ_ASSERT_ON_OWN_STACK(r)                                                             \
  CALLSEQ_ASSERT(!callseq_runtime_on_stack(r) || (r)->setup.stack.bytes == SIZE_MAX)
#define CALLSEQ_ASSERT_IN_SCHEME(r)                                                                \
  CALLSEQ_ASSERT(callseq_runtime_inside(r) && callseq_runtime_on_stack(r))

/* The same for functions that Scheme calls: while nobody is hosted, before and after, there is
 * nothing to hold. The second returns the runtime to them. */
bool callseq_runtime_is_here(struct callseq_runtime *r);
#define CALLSEQ_ASSERT_HERE(r) CALLSEQ_ASSERT(callseq_runtime_is_here(r))
static inline struct callseq_runtime *callseq_runtime_here(void) {
  CALLSEQ_ASSERT_HERE(&callseq_runtime);
  return &callseq_runtime;
}

/* The reply of the current call takes the slow path: its caller has more to do before it leaves. */
static inline void callseq_runtime_reply_slowly(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HERE(r);
  if (r->fast.current.reply_to == CALLSEQ_ABI_TO_CALLER)
    r->fast.current.reply_to = CALLSEQ_ABI_TO_HOLDER;
  r->later.plain = false;
}

/* Becomes the holder, with the id `self`, if nobody else is. Any thread that is outside. (Tools are
 * told of the lock's order here and in sequencer.c; generated code, where they watch, has not got
 * the lock.) */
static inline bool callseq_runtime_try_enter(struct callseq_runtime *r, uint32_t self) {
  if (!callseq_sequencer_try_now(&r->fast.sequencer, self))
    return false;
  callseq_tools_acquire(&r->fast.sequencer);
  return true;
}

/* For the holder, outside: switches to the Scheme stack, with a request or NULL, and returns when
 * that switches out. */
static inline void callseq_runtime_switch_in(struct callseq_runtime *r,
                                             struct callseq_abi_request *q) {
  CALLSEQ_ASSERT_HOLDER(r);
  CALLSEQ_ASSERT_ON_OWN_STACK(r);
  callseq_tools_leave(&r->outside_tools, &r->inside_tools);
  callseq_context_switch(&r->fast.outside, &r->fast.inside, q);
  callseq_tools_arrive(&r->outside_tools, &r->inside_tools);
}

/* For the holder, on the Scheme stack: leaves it, and returns when the next thread comes, with that
 * one's request. */
static inline struct callseq_abi_request *callseq_runtime_switch_out(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_IN_SCHEME(r);
  CALLSEQ_ASSERT(!r->levels.depth);
  callseq_tools_leave(&r->inside_tools, &r->outside_tools);
  struct callseq_abi_request *q = (struct callseq_abi_request *)callseq_context_switch_fresh(
      &r->fast.inside, &r->fast.outside, NULL);
  callseq_tools_arrive(&r->inside_tools, &r->outside_tools);
  return q;
}

#endif
