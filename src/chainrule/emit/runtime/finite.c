/* Whether every entry is a finite number. */
static inline bool finite_REAL(const REAL *restrict x, ptrdiff_t entries)
{
    int wrong = 0;
    for (ptrdiff_t i = 0; i < entries; i++)
        wrong |= !(x[i] - x[i] == 0);
    return !wrong;
}

/* The same for one thread's share of an array. */
static inline bool share_is_finite_REAL(const void *x, ptrdiff_t entries, ptrdiff_t thread, ptrdiff_t threads)
{
    const ptrdiff_t from = share(entries, thread, threads), to = share(entries, thread + 1, threads);
    return finite_REAL((const REAL *)x + from, to - from);
}
