/* Long sums are sums of shorter ones: what is read stays in the cache, and rounding grows less. */
static inline void product_REAL(ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const REAL *restrict a, ptrdiff_t am,
    ptrdiff_t ak, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c, ptrdiff_t cm)
{
    ptrdiff_t k = 0;
    do {
        const ptrdiff_t depth = K - k < 256 ? K - k : 256;
        strips_REAL(M, N, depth, a + k * ak, am, ak, b + k * bk, bk, c, cm, k > 0);
        k += 256;
    } while (k < K);
}

/* The sums of 32 terms are added up in double. */
static inline void sum_rows_REAL(ptrdiff_t N, ptrdiff_t K, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c)
{
    const REAL one = 1;
    for (ptrdiff_t n = 0; n < N; n += 64) {
        const ptrdiff_t width = N - n < 64 ? N - n : 64;
        double total[64] = {0};
        for (ptrdiff_t k = 0; k < K; k += 32) {
            REAL part[64];
            strips_REAL(1, width, K - k < 32 ? K - k : 32, &one, 0, 0, b + k * bk + n, bk, part, 0, false);
            for (ptrdiff_t i = 0; i < width; i++)
                total[i] += part[i];
        }
        for (ptrdiff_t i = 0; i < width; i++)
            c[n + i] = (REAL)total[i];
    }
}
