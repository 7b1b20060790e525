/* Whether every entry is a finite number. */
static inline bool finite_REAL(const REAL *restrict x, ptrdiff_t entries)
{
    int wrong = 0;
    for (ptrdiff_t i = 0; i < entries; i++)
        wrong |= !(x[i] - x[i] == 0);
    return !wrong;
}
