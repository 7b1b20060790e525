#include <stdatomic.h>
#include <sched.h>

/* Where threads that work together wait for each other. */
struct team {
    _Atomic ptrdiff_t waiting;
    _Atomic ptrdiff_t met;
};

/* Goes on when all have come. They look again and again, which is quickest where each has a core of its own; one that
   waits long leaves its core to others. */
static __attribute__((noinline)) void meet(struct team *team, ptrdiff_t threads)
{
    if (threads == 1) return;
    const ptrdiff_t before = atomic_load_explicit(&team->met, memory_order_acquire);
    if (atomic_fetch_add_explicit(&team->waiting, 1, memory_order_acq_rel) == threads - 1) {
        atomic_store_explicit(&team->waiting, 0, memory_order_relaxed);
        atomic_fetch_add_explicit(&team->met, 1, memory_order_release);
        return;
    }
    for (int looks = 0; atomic_load_explicit(&team->met, memory_order_acquire) == before; looks++)
        if (looks > 2000) sched_yield();
}

/* Where the share of a thread begins. Shares are of whole sixteens, as many as a vector holds, so that the same entries
   are worked out together for any number of threads, and rounded alike. */
static inline ptrdiff_t share(ptrdiff_t entries, ptrdiff_t thread, ptrdiff_t threads)
{
    const ptrdiff_t from = (entries + 15) / 16 * thread / threads * 16;
    return from < entries ? from : entries;
}
