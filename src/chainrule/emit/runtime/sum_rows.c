/* Four sums at a time, so that none waits for the one before. */
static inline void add_rows_REAL(ptrdiff_t N, ptrdiff_t K, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c)
{
#ifdef CR_BYTES
    for (; N > 0; N -= LANES_REAL, b += LANES_REAL, c += LANES_REAL) {
        vector_REAL s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        const REAL *row = b;
        ptrdiff_t k = 0;
        if (N >= LANES_REAL) {
            for (; k + 4 <= K; k += 4, row += 4 * bk) {
                s0 += load_REAL(row);
                s1 += load_REAL(row + bk);
                s2 += load_REAL(row + 2 * bk);
                s3 += load_REAL(row + 3 * bk);
            }
            for (; k < K; k++, row += bk)
                s0 += load_REAL(row);
            store_REAL(c, (s0 + s1) + (s2 + s3));
        } else {
            for (; k + 4 <= K; k += 4, row += 4 * bk) {
                s0 += load_first_REAL(row, (int)N);
                s1 += load_first_REAL(row + bk, (int)N);
                s2 += load_first_REAL(row + 2 * bk, (int)N);
                s3 += load_first_REAL(row + 3 * bk, (int)N);
            }
            for (; k < K; k++, row += bk)
                s0 += load_first_REAL(row, (int)N);
            store_first_REAL(c, (s0 + s1) + (s2 + s3), (int)N);
        }
    }
#else
    for (ptrdiff_t n = 0; n < N; n++)
        c[n] = 0;
    for (ptrdiff_t k = 0; k < K; k++)
        for (ptrdiff_t n = 0; n < N; n++)
            c[n] += b[k * bk + n];
#endif
}

/* The sums of 64 terms are added up in double. */
static inline void sum_rows_REAL(ptrdiff_t N, ptrdiff_t K, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c)
{
    for (ptrdiff_t n = 0; n < N; n += 64) {
        const ptrdiff_t width = N - n < 64 ? N - n : 64;
        double total[64] = {0};
        for (ptrdiff_t k = 0; k < K; k += 64) {
            REAL part[64];
            add_rows_REAL(width, K - k < 64 ? K - k : 64, b + k * bk + n, bk, part);
            for (ptrdiff_t i = 0; i < width; i++)
                total[i] += part[i];
        }
        for (ptrdiff_t i = 0; i < width; i++)
            c[n + i] = (REAL)total[i];
    }
}
