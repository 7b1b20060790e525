static inline void strips_REAL(ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const REAL *restrict a, ptrdiff_t am,
    ptrdiff_t ak, const REAL *restrict b, ptrdiff_t bk, REAL *restrict c, ptrdiff_t cm, bool more)
{
    for (ptrdiff_t m = 0; m < M; m++) {
        if (!more)
            for (ptrdiff_t n = 0; n < N; n++)
                c[m * cm + n] = 0;
        for (ptrdiff_t k = 0; k < K; k++)
            for (ptrdiff_t n = 0; n < N; n++)
                c[m * cm + n] += a[m * am + k * ak] * b[k * bk + n];
    }
}
