/* c[n] = sum over k of B[k, n], where neighbours in a row of B are neighbours in memory. */
static inline void sum_rows_REAL(ptrdiff_t N, ptrdiff_t K, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c);
