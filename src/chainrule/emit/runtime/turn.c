static inline void turn_REAL(ptrdiff_t K, ptrdiff_t N, const REAL *restrict from, ptrdiff_t step, REAL *restrict to)
{
    /* Square by square, so that what is read stays in the cache until all of it is used. */
#ifdef CR_SHUFFLES
    const ptrdiff_t side = LANES_REAL;
#else
    const ptrdiff_t side = 16;
#endif
    for (ptrdiff_t k = 0; k < K; k += side)
        for (ptrdiff_t n = 0; n < N; n += side) {
            const int wide = (int)(K - k < side ? K - k : side), high = (int)(N - n < side ? N - n : side);
            const REAL *const square = from + k + n * step;
            REAL *const turned = to + k * N + n;
#ifdef CR_SHUFFLES
            if (wide == side && high == side)
                turn_square_REAL(square, step, turned, N);
            else
                turn_square_REAL_part(high, wide, square, step, turned, N);
#else
            for (int i = 0; i < wide; i++)
                for (int j = 0; j < high; j++)
                    turned[i * N + j] = square[i + j * step];
#endif
        }
}
