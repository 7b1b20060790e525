#include <stdatomic.h>
#include <sched.h>

enum { MOST_THREADS = 64 };

/* Where threads that work together wait for each other. Each says in a line of memory of its own how often it has come,
   and what went wrong with it; the others only read it. */
struct team {
    struct {
        _Alignas(64) _Atomic ptrdiff_t met;
        int code;
    } seats[MOST_THREADS];
};

/* Goes on when all have come. They look again and again, which is quickest where each has a core of its own; one that
   waits long leaves its core to others. */
static inline void meet(struct team *team, ptrdiff_t thread, ptrdiff_t threads)
{
    if (threads == 1) return;
    const ptrdiff_t now = atomic_load_explicit(&team->seats[thread].met, memory_order_relaxed) + 1;
    atomic_store_explicit(&team->seats[thread].met, now, memory_order_release);
    for (ptrdiff_t other = 0; other < threads; other++)
        for (int looks = 0; atomic_load_explicit(&team->seats[other].met, memory_order_acquire) < now; looks++)
            if (looks > 4000) sched_yield();
}

/* Where the share of a thread begins. Shares are of whole sixteens, as many as a vector holds, so that the same entries
   are worked out together for any number of threads, and rounded alike. */
static inline ptrdiff_t share(ptrdiff_t entries, ptrdiff_t thread, ptrdiff_t threads)
{
    if (threads == 1) return thread ? entries : 0;
    const ptrdiff_t from = (entries + 15) / 16 * thread / threads * 16;
    return from < entries ? from : entries;
}
