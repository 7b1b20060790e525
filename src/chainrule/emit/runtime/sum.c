/* Before a loop that adds up, or looks for the greatest or least: several numbers at a time. Define CR_SIMD where the
   compiler has OpenMP's simd loops (-fopenmp-simd, or -fopenmp); without it they are taken one after the other. */
#ifdef CR_SIMD
#ifdef __clang__
/* It would warn where it finds that it cannot. */
#pragma clang diagnostic ignored "-Wpass-failed"
#endif
#define CR_PRAGMA(words) _Pragma(#words)
#define CR_SUM(total) CR_PRAGMA(omp simd reduction(+ : total))
#define CR_MAX(total) CR_PRAGMA(omp simd reduction(max : total))
#define CR_MIN(total) CR_PRAGMA(omp simd reduction(min : total))
#else
#define CR_SUM(total)
#define CR_MAX(total)
#define CR_MIN(total)
#endif
