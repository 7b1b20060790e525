/* Vectors, where the compiler has them; define CR_PLAIN for plain loops. */
#if defined(__GNUC__) && !defined(CR_PLAIN)
#if defined(__AVX512F__)
#include <immintrin.h>
#define CR_BYTES 64
#elif defined(__AVX__)
#define CR_BYTES 32
#else
#define CR_BYTES 16
#endif
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define CR_SHUFFLES
#endif
#endif
#endif
