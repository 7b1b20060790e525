/* exp without a branch or a call, for loops over several numbers at a time (CR_SIMD): x = k ln 2 + r with |r| at most
   ln 2 / 2, and exp(x) = 2^k exp(r), the last by its Taylor series. Within 1.1 units in the last place; the C library's
   for vectors is slow where the result is as small as that of a masked entry of a softmax, exp(-INFINITY). */
#ifdef CR_SIMD
#include <string.h>

static inline double two_to(int64_t k)
{
    const int64_t bits = (int64_t)((uint64_t)(k + 1023) << 52);
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

static inline double series_exp(double x)
{
    const double y = x < -746.0 ? -746.0 : x > 710.0 ? 710.0 : x;
    const double large = 6755399441055744.0, shifted = y * 1.4426950408889634 + large, k = shifted - large;
    const double r = (y - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
    double p = 1.6059043836821613e-10 * r + 2.0876756987868100e-09;
    p = p * r + 2.5052108385441720e-08;
    p = p * r + 2.7557319223985893e-07;
    p = p * r + 2.7557319223985893e-06;
    p = p * r + 2.4801587301587302e-05;
    p = p * r + 1.9841269841269841e-04;
    p = p * r + 1.3888888888888889e-03;
    p = p * r + 8.3333333333333333e-03;
    p = p * r + 4.1666666666666667e-02;
    p = p * r + 1.6666666666666667e-01;
    p = p * r + 0.5;
    p = (p * r) * r + r;
    int64_t whole;
    memcpy(&whole, &shifted, sizeof whole);
    whole -= 0x4338000000000000;
    const int64_t half = whole >> 1;
    return (p * two_to(half) + two_to(half)) * two_to(whole - half);
}
#define exp series_exp
#endif
