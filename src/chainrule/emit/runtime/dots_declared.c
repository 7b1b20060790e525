/* c[m] = sum over k of A[m, k] v[k], where neighbours in a row of A and in v are neighbours in memory. */
static inline void dots_REAL(ptrdiff_t M, ptrdiff_t K, const REAL *restrict a, ptrdiff_t am, const REAL *restrict v,
    REAL *restrict c, ptrdiff_t cm);
