/* x to the p for whole numbers; p is not negative. */
static int64_t int_power(int64_t x, int64_t p)
{
    int64_t y = 1;
    for (; p > 0; p /= 2, x *= x)
        if (p % 2) y *= x;
    return y;
}
