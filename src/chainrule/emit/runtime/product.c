/* Long sums are sums of shorter ones: what is read stays in the cache, and rounding grows less. */
static inline void product_REAL(ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const REAL *restrict a, ptrdiff_t am,
    ptrdiff_t ak, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c, ptrdiff_t cm, bool more)
{
    ptrdiff_t k = 0;
    do {
        const ptrdiff_t depth = K - k < 256 ? K - k : 256;
        strips_REAL(M, N, depth, a + k * ak, am, ak, b + k * bk, bk, c, cm, more || k > 0);
        k += 256;
    } while (k < K);
}
