/* Before a loop that adds up: several numbers at a time. Define CR_SIMD where the compiler has OpenMP's simd loops
   (-fopenmp-simd, or -fopenmp); without it the numbers are added one after the other. */
#ifdef CR_SIMD
#define CR_PRAGMA(words) _Pragma(#words)
#define CR_SUM(total) CR_PRAGMA(omp simd reduction(+ : total))
#else
#define CR_SUM(total)
#endif
