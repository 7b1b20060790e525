/* c ? a : b without a branch, which a processor would guess wrong: the bits of the one or of the other. */
#include <string.h>

static inline float choose_float(uint8_t c, float a, float b)
{
    const uint32_t kept = 0u - (uint32_t)(c != 0);
    uint32_t one, other;
    memcpy(&one, &a, sizeof one);
    memcpy(&other, &b, sizeof other);
    one = (one & kept) | (other & ~kept);
    memcpy(&a, &one, sizeof one);
    return a;
}
