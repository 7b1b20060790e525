"""How fast this machine multiplies and adds right now: what every timing stands beside."""

from __future__ import annotations

import ctypes
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
    vector s[12], a, b;
    for (int l = 0; l < BYTES / 4; l++) { a[l] = out[0] + 1.0f + l; b[l] = 1e-9f * l; }
    for (int i = 0; i < 12; i++) s[i] = a - (float)i;
    for (long r = 0; r < rounds; r++) {
        s[0] += a * b; s[1] += a * b; s[2] += a * b; s[3] += a * b; s[4] += a * b; s[5] += a * b;
        s[6] += a * b; s[7] += a * b; s[8] += a * b; s[9] += a * b; s[10] += a * b; s[11] += a * b;
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    for (int i = 1; i < 12; i++) s[0] += s[i];
    for (int l = 0; l < BYTES / 4; l++) out[l] = s[0][l];
    return 12.0 * 2.0 * (BYTES / 4) * (double)rounds;
}
"""


class Probe:
    """Multiplications and additions in float32 that do not depend on each other, in all registers."""

    def __init__(self) -> None:
        self._function = shared_library(_TEXT, fast_flags()).probe
        self._function.restype = ctypes.c_double
        self._function.argtypes = [ctypes.c_long, ctypes.c_void_p]

    def rate(self, threads: int = 1, rounds: int = 700_000) -> float:
        """GFLOP/s of so many threads together, over a few milliseconds."""
        rates = [0.0] * threads

        def run(n: int) -> None:
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
        return sum(rates)
