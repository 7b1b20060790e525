static inline void dots_REAL(ptrdiff_t M, ptrdiff_t K, const REAL *restrict a, ptrdiff_t am, const REAL *restrict v,
    REAL *restrict c, ptrdiff_t cm)
{
    /* Long sums are sums of shorter ones, which are added up in double. */
    enum { DEPTH = 1024 };
#ifdef CR_SHUFFLES
    for (; M > 0; M -= LANES_REAL, a += LANES_REAL * am, c += LANES_REAL * cm) {
        const int rows = M < LANES_REAL ? (int)M : LANES_REAL;
        vector_REAL sums = dot_lanes_REAL(rows, K < DEPTH ? K : DEPTH, a, am, v);
        if (K > DEPTH) {
            double total[LANES_REAL];
            for (int i = 0; i < rows; i++)
                total[i] = sums[i];
            for (ptrdiff_t k = DEPTH; k < K; k += DEPTH) {
                sums = dot_lanes_REAL(rows, K - k < DEPTH ? K - k : DEPTH, a + k, am, v + k);
                for (int i = 0; i < rows; i++)
                    total[i] += sums[i];
            }
            for (int i = 0; i < rows; i++)
                c[i * cm] = (REAL)total[i];
        } else if (cm == 1)
            store_first_REAL(c, sums, rows);
        else
            for (int i = 0; i < rows; i++)
                c[i * cm] = sums[i];
    }
#else
    for (ptrdiff_t m = 0; m < M; m++) {
        double total = 0;
        for (ptrdiff_t k = 0; k < K; k++)
            total += a[m * am + k] * v[k];
        c[m * cm] = (REAL)total;
    }
#endif
}
