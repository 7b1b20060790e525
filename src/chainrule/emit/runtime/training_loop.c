#include <pthread.h>
#include <string.h>

static inline void *at_row(const void *array, ptrdiff_t row, ptrdiff_t bytes)
{
    return (char *)(uintptr_t)array + row * bytes;
}

struct NAME_job {
    ptrdiff_t steps, batch, first, samples;
    const int64_t *order;
    void **held, **fresh;
    const void *const *data;
    void **room;
    void *const *fixed, *const *values;
    double *losses;
    void *workspace;
    struct team team;
    _Atomic ptrdiff_t threads;
    _Atomic ptrdiff_t numbers;
    ptrdiff_t done;
    int code;
};

/* What each thread does: the same steps, of which it works out its share. */
static void NAME_work(struct NAME_job *job, ptrdiff_t thread, ptrdiff_t threads)
{
    void **held = job->held, **fresh = job->fresh, *rows[COUNT];
    const int64_t *order = job->order;
    const REAL *const loss = job->values[0];
    const ptrdiff_t from = share(job->batch, thread, threads), to = share(job->batch, thread + 1, threads);
    ptrdiff_t done = 0, first = job->first;
    int code = 0;
    for (; done < job->steps && !code; done += !code) {
        if (order) {
            memcpy(rows, job->room, sizeof rows);
            for (ptrdiff_t i = from; i < to; i++) {
GATHER
            }
            order += job->batch;
        } else {
NEAR
            first += job->batch;
            if (first + job->batch > job->samples) first = 0;
        }
        const int failed = CALL;
        bool sound = finite_REAL(loss, 1);
CHECK
        if (thread == 0) job->losses[done] = (double)*loss;
        job->team.seats[thread].code = failed ? failed : sound ? 0 : -1;
        meet(&job->team, thread, threads);
        for (ptrdiff_t t = 0; t < threads; t++) {
            const int theirs = job->team.seats[t].code;
            if (theirs > 0 || (theirs && !code)) code = theirs;
        }
        void **const old = held;
        held = fresh;
        fresh = old;
    }
    if (thread == 0) {
        job->done = done;
        job->code = code;
    }
}

/* A thread besides the first: it takes the next number, once it is known how many there are. */
static void *NAME_thread(void *given)
{
    struct NAME_job *job = given;
    ptrdiff_t threads;
    while (!(threads = atomic_load(&job->threads)))
        sched_yield();
    NAME_work(job, atomic_fetch_add(&job->numbers, 1), threads);
    return 0;
}

/* Takes steps of STEP until all are taken or one goes wrong, and counts them in done; losses has the loss of each.
 * A batch are the samples of data that order names, so many at a time; or, without order, those from first on, and
 * from 0 on when too few of all samples are left.
 * What a step makes of held is in fresh; the two are exchanged after every step, so that after an odd number of them
 * what is held lies where fresh was. room has place for a batch of each array of data, values for what else a step
 * gives. A step that is not finite leaves what was held as it is. The result does not depend on the number of
 * threads. */
int NAME(
    ptrdiff_t steps, ptrdiff_t batch, ptrdiff_t first, ptrdiff_t samples, ptrdiff_t threads, const int64_t *order,
    void **held, void **fresh, const void *const *data, void **room, void *const *fixed, void *const *values, double *losses,
    ptrdiff_t *done, void *workspace)
{
    struct NAME_job job = {.steps = steps, .batch = batch, .first = first, .samples = samples, .order = order,
        .held = held, .fresh = fresh, .data = data, .room = room, .fixed = fixed, .values = values, .losses = losses,
        .workspace = workspace, .numbers = 1};
    pthread_t others[MOST_THREADS];
    const ptrdiff_t wanted = DIVIDED;
    ptrdiff_t started = 1;
    while (started < wanted && started < MOST_THREADS && !pthread_create(&others[started], 0, NAME_thread, &job))
        started++;
    atomic_store(&job.threads, started);
    NAME_work(&job, 0, started);
    for (ptrdiff_t t = 1; t < started; t++)
        pthread_join(others[t], 0);
    *done = job.done;
    return job.code;
}
