/* c ? a : b without a branch, which a processor would guess wrong: the bits of the one or of the other. */
#include <string.h>

static inline double choose_double(uint8_t c, double a, double b)
{
    const uint64_t kept = (uint64_t)0 - (uint64_t)(c != 0);
    uint64_t one, other;
    memcpy(&one, &a, sizeof one);
    memcpy(&other, &b, sizeof other);
    one = (one & kept) | (other & ~kept);
    memcpy(&a, &one, sizeof one);
    return a;
}
