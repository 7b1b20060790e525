/* to[k, n] = from[k + n * step]: a matrix with its axes exchanged. */
static inline void turn_REAL(ptrdiff_t K, ptrdiff_t N, const REAL *restrict from, ptrdiff_t step, REAL *restrict to);
