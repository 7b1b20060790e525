static inline void turn_REAL(ptrdiff_t K, ptrdiff_t N, const REAL *restrict from, ptrdiff_t step, REAL *restrict to)
{
    /* Square by square, so that what is read stays in the cache until all of it is used. */
    for (ptrdiff_t k0 = 0; k0 < K; k0 += 16)
        for (ptrdiff_t n0 = 0; n0 < N; n0 += 16) {
            const ptrdiff_t k1 = k0 + 16 < K ? k0 + 16 : K, n1 = n0 + 16 < N ? n0 + 16 : N;
            for (ptrdiff_t k = k0; k < k1; k++)
                for (ptrdiff_t n = n0; n < n1; n++)
                    to[k * N + n] = from[k + n * step];
        }
}
