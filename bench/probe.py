"""How fast this machine multiplies and adds right now: what every timing stands beside."""

from __future__ import annotations

import ctypes
import os
import threading
import time

from chainrule.run.compiler import fast_flags, shared_library

_TEXT = """
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float vector __attribute__((vector_size(BYTES)));
/* Twelve sums that do not wait for each other; returns how many operations were done. */
double probe(long rounds, float *out)
{
    vector a, b;
    for (int l = 0; l < BYTES / 4; l++) { a[l] = out[0] + 1.0f + l; b[l] = 1e-9f * l; }
    /* Each has a name: an array of them would be kept in memory. */
    vector s0 = a, s1 = a + 1, s2 = a + 2, s3 = a + 3, s4 = a + 4, s5 = a + 5;
    vector s6 = a + 6, s7 = a + 7, s8 = a + 8, s9 = a + 9, s10 = a + 10, s11 = a + 11;
    for (long r = 0; r < rounds; r++) {
        s0 += a * b; s1 += a * b; s2 += a * b; s3 += a * b; s4 += a * b; s5 += a * b;
        s6 += a * b; s7 += a * b; s8 += a * b; s9 += a * b; s10 += a * b; s11 += a * b;
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    s0 += s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11;
    for (int l = 0; l < BYTES / 4; l++) out[l] = s0[l];
    return 12.0 * 2.0 * (BYTES / 4) * (double)rounds;
}
"""


class Probe:
    """Multiplications and additions in float32 that do not depend on each other, in all registers."""

    def __init__(self) -> None:
        self._function = shared_library(_TEXT, fast_flags()).probe
        self._function.restype = ctypes.c_double
        self._function.argtypes = [ctypes.c_long, ctypes.c_void_p]

    def rate(self, threads: int = 1, rounds: int = 1_500_000) -> float:
        """GFLOP/s of so many threads together, over a few milliseconds, each on a core of its own."""
        rates = [0.0] * threads
        cores = sorted(os.sched_getaffinity(0))

        def run(n: int) -> None:
            os.sched_setaffinity(0, {cores[n % len(cores)]})
            out = (ctypes.c_float * 16)()
            began = time.perf_counter()
            done = self._function(rounds, out)
            rates[n] = done / (time.perf_counter() - began) / 1e9

        workers = [threading.Thread(target=run, args=(n,)) for n in range(1, threads)]
        for worker in workers:
            worker.start()
        run(0)
        for worker in workers:
            worker.join()
        os.sched_setaffinity(0, cores)
        return sum(rates)
