#ifdef CR_BYTES
typedef REAL vector_REAL __attribute__((vector_size(CR_BYTES)));
typedef REAL loose_REAL __attribute__((vector_size(CR_BYTES), aligned(sizeof(REAL)), may_alias));
#define LANES_REAL ((int)(CR_BYTES / sizeof(REAL)))

static inline vector_REAL load_REAL(const REAL *p)
{
    return *(const loose_REAL *)p;
}

static inline void store_REAL(REAL *p, vector_REAL v)
{
    *(loose_REAL *)p = v;
}

/* The first n lanes; the others are 0, and nothing behind them is read. */
static inline vector_REAL load_first_REAL(const REAL *p, int n)
{
#if CR_BYTES == 64
    return sizeof(REAL) == 4 ? (vector_REAL)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p)
                             : (vector_REAL)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
#else
    vector_REAL v = {0};
    for (int l = 0; l < LANES_REAL; l++)
        if (l < n) v[l] = p[l];
    return v;
#endif
}

static inline void store_first_REAL(REAL *p, vector_REAL v, int n)
{
#if CR_BYTES == 64
    if (sizeof(REAL) == 4)
        _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
    else
        _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
#else
    for (int l = 0; l < LANES_REAL; l++)
        if (l < n) p[l] = v[l];
#endif
}
#endif
