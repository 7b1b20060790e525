/* exp without a branch or a call, for loops over several numbers at a time (CR_SIMD): x = k ln 2 + r with |r| at most
   ln 2 / 2, and exp(x) = 2^k exp(r), the last by its Taylor series. Within 1.1 units in the last place; the C library's
   for vectors is slow where the result is as small as that of a masked entry of a softmax, exp(-INFINITY). */
#ifdef CR_SIMD
#include <string.h>

static inline float two_to_f(int32_t k)
{
    const int32_t bits = (int32_t)((uint32_t)(k + 127) << 23);
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

static inline float series_expf(float x)
{
    /* Beyond these the result is 0 or infinite; a NaN stays what it is. */
    const float y = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
    /* Added to a number this large, y / ln 2 is rounded to a whole one. */
    const float large = 12582912.0f, shifted = y * 1.44269504f + large, k = shifted - large;
    const float r = (y - k * 0.693145752f) - k * 1.42860677e-06f;
    float p = 1.98412698e-04f * r + 1.38888889e-03f;
    p = p * r + 8.33333333e-03f;
    p = p * r + 4.16666667e-02f;
    p = p * r + 1.66666667e-01f;
    p = p * r + 0.5f;
    p = (p * r) * r + r;
    int32_t whole;
    memcpy(&whole, &shifted, sizeof whole);
    whole -= 0x4b400000;
    /* In two steps, since 2^k alone may be beyond what there is. */
    const int32_t half = whole >> 1;
    return (p * two_to_f(half) + two_to_f(half)) * two_to_f(whole - half);
}
#define expf series_expf
#endif
