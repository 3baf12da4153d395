// What CUDA's compilers know without a header, for kernels that g++ compiles for the emulated device: keywords, vector
// types, intrinsics, the mathematical functions. Put in front of each program by the emulated NVRTC.
#pragma once

#include "kernel_abi.h"

#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __host__
#define __device__
#define __global__ __attribute__((visibility("hidden"), noinline))
#define __shared__ static
#define __constant__ static
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __restrict__ __restrict

using size_t = decltype(sizeof(0));

// --- Where a thread is. In .data, for .bss holds shared memory and nothing else.

namespace emulated {
static Index3 threadIdxPlace = {1, 0, 0}, blockIdxPlace = {1, 0, 0}, blockDimPlace = {1, 1, 1},
              gridDimPlace = {1, 1, 1};
static const Runtime* runtime = reinterpret_cast<const Runtime*>(1);
}  // namespace emulated

#define threadIdx (::emulated::threadIdxPlace)
#define blockIdx (::emulated::blockIdxPlace)
#define blockDim (::emulated::blockDimPlace)
#define gridDim (::emulated::gridDimPlace)
static constexpr int warpSize = 32;

// --- Vector types.

#define EMULATED_VECTOR(T, name, a1, a2, a4)                                \
  struct alignas(a1) name##1 { T x; };                                      \
  struct alignas(a2) name##2 { T x, y; };                                   \
  struct alignas(a1) name##3 { T x, y, z; };                                \
  struct alignas(a4) name##4 { T x, y, z, w; };                             \
  static inline name##1 make_##name##1(T x) { return {x}; }                 \
  static inline name##2 make_##name##2(T x, T y) { return {x, y}; }         \
  static inline name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; } \
  static inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
EMULATED_VECTOR(signed char, char, 1, 2, 4)
EMULATED_VECTOR(unsigned char, uchar, 1, 2, 4)
EMULATED_VECTOR(short, short, 2, 4, 8)
EMULATED_VECTOR(unsigned short, ushort, 2, 4, 8)
EMULATED_VECTOR(int, int, 4, 8, 16)
EMULATED_VECTOR(unsigned, uint, 4, 8, 16)
EMULATED_VECTOR(long, long, 8, 16, 16)
EMULATED_VECTOR(unsigned long, ulong, 8, 16, 16)
EMULATED_VECTOR(long long, longlong, 8, 16, 16)
EMULATED_VECTOR(unsigned long long, ulonglong, 8, 16, 16)
EMULATED_VECTOR(float, float, 4, 8, 16)
EMULATED_VECTOR(double, double, 8, 16, 16)
#undef EMULATED_VECTOR

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// --- Waiting for each other.

namespace emulated {

/// What lets threads wait. Leaves a mark in kernels that use it: the others run as plain loops.
__forceinline__ const Runtime& waiting() {
  asm volatile(".pushsection emulated_waits,\"aw\"\n.byte 1\n.popsection");
  return *runtime;
}

}  // namespace emulated

static inline void __syncthreads() { ::emulated::waiting().syncThreads(); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}
static inline void __syncwarp(unsigned mask = 0xffffffffu) { ::emulated::waiting().exchange(mask, 0); }
static inline unsigned __activemask() { return ::emulated::waiting().activeLanes(); }

namespace emulated {

static inline unsigned lane() { return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) & 31u; }

template <class T>
inline T shuffle(unsigned mask, T value, unsigned source) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "CUDA shuffles values of 4 and 8 bytes");
  unsigned long long word = 0;
  __builtin_memcpy(&word, &value, sizeof(T));
  const unsigned long long* words = waiting().exchange(mask, word);
  T result;
  __builtin_memcpy(&result, &words[source], sizeof(T));
  return result;
}

}  // namespace emulated

#define EMULATED_SHUFFLES(T)                                                                               \
  static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {                        \
    const unsigned lane = ::emulated::lane(), first = lane & ~unsigned(width - 1);                         \
    return ::emulated::shuffle(mask, value, first + (unsigned(source) & unsigned(width - 1)));             \
  }                                                                                                        \
  static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {               \
    const unsigned lane = ::emulated::lane(), first = lane & ~unsigned(width - 1);                         \
    return ::emulated::shuffle(mask, value, lane + delta < first + unsigned(width) ? lane + delta : lane); \
  }                                                                                                        \
  static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {                 \
    const unsigned lane = ::emulated::lane(), first = lane & ~unsigned(width - 1);                         \
    return ::emulated::shuffle(mask, value, lane >= first + delta ? lane - delta : lane);                  \
  }                                                                                                        \
  static inline T __shfl_xor_sync(unsigned mask, T value, int flip, int width = 32) {                      \
    const unsigned lane = ::emulated::lane(), end = (lane & ~unsigned(width - 1)) + unsigned(width);       \
    return ::emulated::shuffle(mask, value, (lane ^ unsigned(flip)) < end ? lane ^ unsigned(flip) : lane); \
  }
EMULATED_SHUFFLES(int)
EMULATED_SHUFFLES(unsigned)
EMULATED_SHUFFLES(long)
EMULATED_SHUFFLES(unsigned long)
EMULATED_SHUFFLES(long long)
EMULATED_SHUFFLES(unsigned long long)
EMULATED_SHUFFLES(float)
EMULATED_SHUFFLES(double)
#undef EMULATED_SHUFFLES

static inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const unsigned long long* votes = ::emulated::waiting().exchange(mask, predicate != 0);
  unsigned result = 0;
  for (unsigned i = 0; i < 32; ++i) result |= unsigned(votes[i] == 1) << i;
  return result & mask;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) {
  const unsigned active = mask & ::emulated::waiting().activeLanes();
  return (__ballot_sync(mask, predicate) & active) == active;
}
static inline unsigned __match_any_sync(unsigned mask, unsigned long long value) {
  const unsigned long long* values = ::emulated::waiting().exchange(mask, value);
  unsigned result = 0;
  for (unsigned i = 0; i < 32; ++i) result |= unsigned(values[i] == value) << i;
  return result & mask & ::emulated::waiting().activeLanes();
}

static int emulatedVotes[3];
#define EMULATED_VOTE(name, update)          \
  static inline int name(int predicate) {    \
    __syncthreads();                         \
    emulatedVotes[0] = emulatedVotes[2] = 0; \
    emulatedVotes[1] = 1;                    \
    __syncthreads();                         \
    update;                                  \
    __syncthreads();                         \
    return emulatedVotes[kIndex##name];      \
  }
static constexpr int kIndex__syncthreads_or = 0, kIndex__syncthreads_and = 1, kIndex__syncthreads_count = 2;
EMULATED_VOTE(__syncthreads_or, emulatedVotes[0] |= predicate != 0)
EMULATED_VOTE(__syncthreads_and, emulatedVotes[1] &= predicate != 0)
EMULATED_VOTE(__syncthreads_count, emulatedVotes[2] += predicate != 0)
#undef EMULATED_VOTE

// --- Atomics: threads run one at a time.

namespace emulated {
template <class T, class F>
inline T update(T* address, F&& next) {
  const T old = *address;
  *address = next(old);
  return old;
}
}  // namespace emulated

#define EMULATED_ATOMIC(name, T, expression)                                    \
  static inline T name(T* address, T value) {                                   \
    return ::emulated::update(address, [&](T old) -> T { return expression; }); \
  }
#define EMULATED_ATOMICS(T)                                                                  \
  EMULATED_ATOMIC(atomicAdd, T, old + value)                                                 \
  EMULATED_ATOMIC(atomicExch, T, (void(old), value))                                         \
  EMULATED_ATOMIC(atomicMax, T, old < value ? value : old)                                   \
  EMULATED_ATOMIC(atomicMin, T, value < old ? value : old)                                   \
  EMULATED_ATOMIC(atomicAnd, T, old& value)                                                  \
  EMULATED_ATOMIC(atomicOr, T, old | value)                                                  \
  EMULATED_ATOMIC(atomicXor, T, old ^ value)                                                 \
  static inline T atomicCAS(T* address, T compare, T value) {                                \
    return ::emulated::update(address, [&](T old) { return old == compare ? value : old; }); \
  }
EMULATED_ATOMICS(unsigned)
EMULATED_ATOMICS(unsigned long long)
EMULATED_ATOMIC(atomicExch, int, (void(old), value))
EMULATED_ATOMIC(atomicMax, int, old < value ? value : old)
EMULATED_ATOMIC(atomicMin, int, value < old ? value : old)
EMULATED_ATOMIC(atomicAnd, int, old& value)
EMULATED_ATOMIC(atomicOr, int, old | value)
EMULATED_ATOMIC(atomicXor, int, old ^ value)
EMULATED_ATOMIC(atomicMax, long long, old < value ? value : old)
EMULATED_ATOMIC(atomicMin, long long, value < old ? value : old)
EMULATED_ATOMIC(atomicAdd, float, old + value)
EMULATED_ATOMIC(atomicExch, float, (void(old), value))
EMULATED_ATOMIC(atomicAdd, double, old + value)
static inline int atomicAdd(int* address, int value) {
  return ::emulated::update(address, [&](int old) { return int(unsigned(old) + unsigned(value)); });
}
static inline int atomicSub(int* address, int value) {
  return ::emulated::update(address, [&](int old) { return int(unsigned(old) - unsigned(value)); });
}
static inline unsigned atomicSub(unsigned* address, unsigned value) {
  return ::emulated::update(address, [&](unsigned old) { return old - value; });
}
static inline int atomicCAS(int* address, int compare, int value) {
  return ::emulated::update(address, [&](int old) { return old == compare ? value : old; });
}
static inline unsigned short atomicCAS(unsigned short* address, unsigned short compare, unsigned short value) {
  return ::emulated::update(address, [&](unsigned short old) { return old == compare ? value : old; });
}
static inline unsigned atomicInc(unsigned* address, unsigned value) {
  return ::emulated::update(address, [&](unsigned old) { return old >= value ? 0u : old + 1; });
}
#undef EMULATED_ATOMICS
#undef EMULATED_ATOMIC

// --- Loads, bits, conversions.

template <class T>
inline T __ldg(const T* address) {
  return *address;
}
template <class T>
inline T __ldcs(const T* address) {
  return *address;
}
template <class T>
inline T __ldcg(const T* address) {
  return *address;
}
template <class T>
inline void __stcs(T* address, T value) {
  *address = value;
}
template <class T>
inline void __stcg(T* address, T value) {
  *address = value;
}

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
static inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)(x)); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)(a)*b >> 32); }
static inline int __mulhi(int a, int b) { return int((long long)(a)*b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)(a)*b >> 64);
}
static inline long long __mul64hi(long long a, long long b) { return (long long)((__int128)(a)*b >> 64); }

static inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
static inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
static inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
static inline float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
static inline long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
static inline double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }

// --- Mathematics.

extern "C" {
void* memcpy(void*, const void*, size_t);
void* memset(void*, int, size_t);
int abs(int);
// clang-format off
#define EMULATED_UNARY(FN) \
  FN(acos) FN(acosh) FN(asin) FN(asinh) FN(atan) FN(atanh) FN(cbrt) FN(ceil) FN(cos) FN(cosh) FN(erf) FN(erfc) \
  FN(exp) FN(exp2) FN(expm1) FN(fabs) FN(floor) FN(lgamma) FN(log) FN(log10) FN(log1p) FN(log2) FN(logb) \
  FN(nearbyint) FN(rint) FN(round) FN(sin) FN(sinh) FN(sqrt) FN(tan) FN(tanh) FN(tgamma) FN(trunc)
// clang-format on
#define EMULATED_BINARY(FN) \
  FN(atan2) FN(copysign) FN(fdim) FN(fmax) FN(fmin) FN(fmod) FN(hypot) FN(nextafter) FN(pow) FN(remainder)
#define EMULATED_DECLARE(name)  \
  double name(double) noexcept; \
  float name##f(float) noexcept;
EMULATED_UNARY(EMULATED_DECLARE)
#undef EMULATED_DECLARE
#define EMULATED_DECLARE(name)          \
  double name(double, double) noexcept; \
  float name##f(float, float) noexcept;
EMULATED_BINARY(EMULATED_DECLARE)
#undef EMULATED_DECLARE
double fma(double, double, double) noexcept;
float fmaf(float, float, float) noexcept;
double ldexp(double, int) noexcept;
float ldexpf(float, int) noexcept;
double scalbn(double, int) noexcept;
float scalbnf(float, int) noexcept;
double frexp(double, int*) noexcept;
float frexpf(float, int*) noexcept;
double modf(double, double*) noexcept;
float modff(float, float*) noexcept;
int ilogb(double) noexcept;
int ilogbf(float) noexcept;
long long llrint(double) noexcept;
long long llrintf(float) noexcept;
long lrint(double) noexcept;
long lrintf(float) noexcept;
}

#define EMULATED_OVERLOAD(name) \
  static inline float name(float x) { return ::name##f(x); }
EMULATED_UNARY(EMULATED_OVERLOAD)
#undef EMULATED_OVERLOAD
#define EMULATED_OVERLOAD(name) \
  static inline float name(float a, float b) { return ::name##f(a, b); }
EMULATED_BINARY(EMULATED_OVERLOAD)
#undef EMULATED_OVERLOAD
#undef EMULATED_UNARY
#undef EMULATED_BINARY
static inline float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
static inline float ldexp(float x, int n) { return ::ldexpf(x, n); }
static inline float scalbn(float x, int n) { return ::scalbnf(x, n); }
static inline float frexp(float x, int* n) { return ::frexpf(x, n); }
static inline float modf(float x, float* n) { return ::modff(x, n); }
static inline float abs(float x) { return ::fabsf(x); }
static inline double abs(double x) { return ::fabs(x); }
static inline long abs(long x) { return x < 0 ? -x : x; }
static inline long long abs(long long x) { return x < 0 ? -x : x; }

#define EMULATED_CLASSIFY(name, builtin)                              \
  static inline bool name(float x) { return __builtin_##builtin(x); } \
  static inline bool name(double x) { return __builtin_##builtin(x); }
EMULATED_CLASSIFY(isnan, isnan)
EMULATED_CLASSIFY(isinf, isinf)
EMULATED_CLASSIFY(isfinite, isfinite)
EMULATED_CLASSIFY(signbit, signbit)
#undef EMULATED_CLASSIFY

static inline float rsqrtf(float x) { return 1.0f / ::sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / ::sqrt(x); }
static inline float rsqrt(float x) { return rsqrtf(x); }
static inline float rcbrtf(float x) { return 1.0f / ::cbrtf(x); }
static inline void sincosf(float x, float* s, float* c) { *s = ::sinf(x), *c = ::cosf(x); }
static inline void sincos(double x, double* s, double* c) { *s = ::sin(x), *c = ::cos(x); }
static inline double sinpi(double x) { return ::sin(3.14159265358979323846 * ::fmod(x, 2.0)); }
static inline double cospi(double x) { return ::cos(3.14159265358979323846 * ::fmod(x, 2.0)); }
static inline float sinpif(float x) { return float(sinpi(double(x))); }
static inline float cospif(float x) { return float(cospi(double(x))); }
static inline void sincospif(float x, float* s, float* c) { *s = sinpif(x), *c = cospif(x); }
static inline void sincospi(double x, double* s, double* c) { *s = sinpi(x), *c = cospi(x); }

static inline float __expf(float x) { return ::expf(x); }
static inline float __logf(float x) { return ::logf(x); }
static inline float __log2f(float x) { return ::log2f(x); }
static inline float __sinf(float x) { return ::sinf(x); }
static inline float __cosf(float x) { return ::cosf(x); }
static inline float __powf(float a, float b) { return ::powf(a, b); }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fsqrt_rn(float x) { return ::sqrtf(x); }
static inline float __frsqrt_rn(float x) { return rsqrtf(x); }
static inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return ::fmaf(a, b, c); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __fma_rn(double a, double b, double c) { return ::fma(a, b, c); }

#define EMULATED_MIN_MAX(A, B, T)          \
  static inline T min(A first, B second) { \
    const T a = first, b = second;         \
    return a < b ? a : b;                  \
  }                                        \
  static inline T max(A first, B second) { \
    const T a = first, b = second;         \
    return a < b ? b : a;                  \
  }
EMULATED_MIN_MAX(int, int, int)
EMULATED_MIN_MAX(unsigned, unsigned, unsigned)
EMULATED_MIN_MAX(int, unsigned, unsigned)
EMULATED_MIN_MAX(unsigned, int, unsigned)
EMULATED_MIN_MAX(long, long, long)
EMULATED_MIN_MAX(unsigned long, unsigned long, unsigned long)
EMULATED_MIN_MAX(long long, long long, long long)
EMULATED_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
#undef EMULATED_MIN_MAX
#define EMULATED_MIN_MAX(A, B, T)                              \
  static inline T min(A a, B b) { return ::fmin(T(a), T(b)); } \
  static inline T max(A a, B b) { return ::fmax(T(a), T(b)); }
EMULATED_MIN_MAX(float, float, float)
EMULATED_MIN_MAX(double, double, double)
EMULATED_MIN_MAX(float, double, double)
EMULATED_MIN_MAX(double, float, double)
#undef EMULATED_MIN_MAX

// --- The entry of a kernel, found by the driver in the library's module description.

namespace emulated {

template <unsigned... I>
struct Numbers {};

template <class... A>
struct Signature {
  static constexpr unsigned count = sizeof...(A);
  static constexpr unsigned sizes[sizeof...(A) + 1] = {unsigned(sizeof(A))..., 0};
};

template <class... A>
constexpr Signature<A...> signatureOf(void (*)(A...)) {
  return {};
}

template <auto kernel, class... A, unsigned... I>
inline void call(void** parameters, Signature<A...>, Numbers<I...>) {
  kernel(*static_cast<A*>(parameters[I])...);
}

template <unsigned count>
using NumbersTo = Numbers<__integer_pack(count)...>;

template <auto kernel>
inline void callThread(void** parameters) {
  using Own = decltype(signatureOf(kernel));
  call<kernel>(parameters, Own{}, NumbersTo<Own::count>{});
}

template <auto kernel>
void callBlock(void** parameters) {
  const Index3 size = blockDimPlace;
  for (unsigned z = 0; z < size.z; ++z)
    for (unsigned y = 0; y < size.y; ++y)
      for (unsigned x = 0; x < size.x; ++x) {
        threadIdxPlace = {x, y, z};
        callThread<kernel>(parameters);
      }
}

template <auto kernel>
constexpr KernelEntry entryOf(const char* name, unsigned maxThreads) {
  using Own = decltype(signatureOf(kernel));
  return {name, &callThread<kernel>, &callBlock<kernel>, Own::sizes, Own::count, maxThreads};
}

}  // namespace emulated

extern "C" {
// Set by the linker.
extern char __bss_start __attribute__((visibility("hidden"))), _end __attribute__((visibility("hidden")));
extern char __start_emulated_waits __attribute__((weak, visibility("hidden")));
}

#define EMULATED_MODULE(...)                                                  \
  static constexpr ::emulated::KernelEntry emulatedKernels[] = {__VA_ARGS__}; \
  extern "C" __attribute__((visibility("default")))                           \
  const ::emulated::Module emulatedModule = {&::emulated::runtime,            \
                                             &threadIdx,                      \
                                             &blockIdx,                       \
                                             &blockDim,                       \
                                             &gridDim,                        \
                                             &__bss_start,                    \
                                             &_end,                           \
                                             &__start_emulated_waits,         \
                                             emulatedKernels,                 \
                                             sizeof emulatedKernels / sizeof *emulatedKernels};
