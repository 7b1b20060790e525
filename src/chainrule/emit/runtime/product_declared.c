/* C[m, n] = sum over k of A[m, k] B[k, n], or so much more than it was, where neighbours in a row of B and of C are neighbours in memory; the other
   steps from entry to entry are given behind each matrix. */
static inline void product_REAL(ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const REAL *restrict a, ptrdiff_t am,
    ptrdiff_t ak, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c, ptrdiff_t cm, bool more);
