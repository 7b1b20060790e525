#include <stdatomic.h>
#include <sched.h>

enum { MOST_THREADS = 64 };

/* Where threads that work together wait for each other. Each says in a line of memory of its own how often it has come,
   and what went wrong with it; the others only read it. */
struct team {
    struct {
        _Alignas(64) _Atomic ptrdiff_t met;
        _Atomic int core;
        ptrdiff_t moved;
        int code;
    } seats[MOST_THREADS];
};

#if defined(__linux__) && defined(_GNU_SOURCE)
/* Says on which core this thread waits. Two that wait for each other on one core take turns there, and the system, to
   which both look busy, may leave them together for many milliseconds while another core is idle: the later of them
   goes to any other core that the process may use, and is not bound to it. */
static void part(struct team *team, ptrdiff_t thread, ptrdiff_t other)
{
    const int core = sched_getcpu();
    atomic_store_explicit(&team->seats[thread].core, core + 1, memory_order_relaxed);
    const ptrdiff_t now = atomic_load_explicit(&team->seats[thread].met, memory_order_relaxed);
    if (core < 0 || core >= CPU_SETSIZE) return;
    if (atomic_load_explicit(&team->seats[other].core, memory_order_relaxed) != core + 1) return;
    if (thread > other && now >= team->seats[thread].moved) {
        team->seats[thread].moved = now + 100;
        cpu_set_t all, others;
        if (sched_getaffinity(0, sizeof all, &all)) return;
        others = all;
        CPU_CLR((size_t)core, &others);
        if (CPU_COUNT(&others) && !sched_setaffinity(0, sizeof others, &others)) sched_setaffinity(0, sizeof all, &all);
    }
    sched_yield();
}
#else
static void part(struct team *team, ptrdiff_t thread, ptrdiff_t other)
{
    (void)team, (void)thread, (void)other;
}
#endif

/* Looks until another has come. That is quickest where each has a core of its own, and who leaves it to a stranger's
   thread may not have it back for milliseconds: so only one that waits long does. It is kept out of line: what is called
   so seldom would keep the compiler from putting a short step in place. */
__attribute__((noinline, cold)) static void wait_for(struct team *team, ptrdiff_t thread, ptrdiff_t other, ptrdiff_t now)
{
    for (long looks = 1; atomic_load_explicit(&team->seats[other].met, memory_order_acquire) < now; looks++) {
        if (looks % 4000 == 0) part(team, thread, other);
        if (looks > 200000) sched_yield();
    }
}

/* Goes on when all have come. */
static inline void meet(struct team *team, ptrdiff_t thread, ptrdiff_t threads)
{
    if (threads == 1) return;
    const ptrdiff_t now = atomic_load_explicit(&team->seats[thread].met, memory_order_relaxed) + 1;
    atomic_store_explicit(&team->seats[thread].met, now, memory_order_release);
    for (ptrdiff_t other = 0; other < threads; other++)
        if (atomic_load_explicit(&team->seats[other].met, memory_order_acquire) < now) wait_for(team, thread, other, now);
}

/* Where the share of a thread begins. Shares are of whole sixteens, as many as a vector holds, so that the same entries
   are worked out together for any number of threads, and rounded alike. */
static inline ptrdiff_t share(ptrdiff_t entries, ptrdiff_t thread, ptrdiff_t threads)
{
    if (threads == 1) return thread ? entries : 0;
    const ptrdiff_t from = (entries + 15) / 16 * thread / threads * 16;
    return from < entries ? from : entries;
}
