/* A step on a batch of any length, part by part, each a few samples at a time. Which samples are added up together does
 * not depend on the number of threads. */
int NAME(PARAMETERS)
{
    enum { PARTS = 16, ROWS = SOME, ENTRIES = LENGTH };
    const int64_t count = BATCH;
    const ptrdiff_t blocks = (BATCH + ROWS - 1) / ROWS, own = padded(ENTRIES, sizeof(REAL));
    REAL *const sums = workspace;
    unsigned char *const places = (unsigned char *)workspace + PARTS * own;
    const ptrdiff_t place = own + SPACE_EACH(ROWS);
    int failed = 0;
    meet(team, thread, threads);
    for (ptrdiff_t part = PARTS * thread / threads; part < PARTS * (thread + 1) / threads; part++) {
        REAL *restrict const total = sums + part * (own / (ptrdiff_t)sizeof(REAL));
        REAL *restrict const some = (REAL *)(places + part * place);
        memset(total, 0, ENTRIES * sizeof(REAL));
        for (ptrdiff_t block = blocks * part / PARTS; block < blocks * (part + 1) / PARTS; block++) {
            const ptrdiff_t first = block * ROWS, rows = BATCH - first < ROWS ? BATCH - first : ROWS;
            const int wrong = EACH(rows,GIVEN_EACH, (unsigned char *)some + own);
            if (wrong) failed = wrong;
            for (ptrdiff_t i = 0; i < ENTRIES; i++)
                total[i] += some[i];
        }
    }
    meet(team, thread, threads);
    if (thread == 0) {
        for (ptrdiff_t i = 0; i < ENTRIES; i++) {
            double total = 0;
            for (ptrdiff_t part = 0; part < PARTS; part++)
                total += sums[part * (own / (ptrdiff_t)sizeof(REAL)) + i];
            sums[i] = (REAL)total;
        }
        const int wrong = REST(GIVEN_REST, places);
        if (wrong) failed = FAILURES + wrong;
    }
    meet(team, thread, threads);
    return failed;
}

/* The bytes of workspace that NAME needs. */
ptrdiff_t workspace_NAME(ptrdiff_t BATCH)
{
    const ptrdiff_t own = padded(LENGTH, sizeof(REAL)), rest = SPACE_REST();
    const ptrdiff_t places = 16 * (own + SPACE_EACH(SOME));
    (void)BATCH;
    return 16 * own + (places > rest ? places : rest);
}
