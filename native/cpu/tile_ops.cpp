// The tile ops of every domain, made from the lists in elementwise.h.
#include <string_view>
#include <unordered_map>

#include "../error.h"

#include "../elementwise.h"
#include "tile.h"

namespace hornet {

namespace {

using TileOps = std::unordered_map<std::string_view, TileOp>;

template <class F, class T, class R>
void unaryLoop(const void* a, const void*, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  R* y = static_cast<R*>(out);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = R(F{}(x[i]));
}

template <class F, class T, class R, int Variant>
void binaryLoop(const void* a, const void* b, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  R* z = static_cast<R*>(out);
  const T x0 = *x, y0 = *y;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) z[i] = R(F{}(Variant & 1 ? x0 : x[i], Variant & 2 ? y0 : y[i]));
}

template <class T, int Variant>
void selectLoop(const void* a, const void* b, const void* c, void* out, int64_t n) {
  const int32_t* condition = static_cast<const int32_t*>(a);
  const T* x = static_cast<const T*>(b);
  const T* y = static_cast<const T*>(c);
  T* z = static_cast<T*>(out);
  const T x0 = *x, y0 = *y;
  const int32_t condition0 = *condition;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    const T whenTrue = Variant & 2 ? x0 : x[i], whenFalse = Variant & 4 ? y0 : y[i];
    z[i] = (Variant & 1 ? condition0 : condition[i]) != 0 ? whenTrue : whenFalse;
  }
}

template <class T>
class TileOpsOf {
 public:
  TileOps build() {
    unary();
    binary();
    if constexpr (fn::isFloat<T>)
      floats();
    else
      integers();
    ops_["select"] = {3,
                      false,
                      {selectLoop<T, 0>, selectLoop<T, 1>, selectLoop<T, 2>, selectLoop<T, 3>, selectLoop<T, 4>,
                       selectLoop<T, 5>, selectLoop<T, 6>}};
    return std::move(ops_);
  }

 private:
  template <class R, class F>
  void unaryOp(const char* name, F) {
    ops_[name] = {1, std::is_same_v<R, Truth>, {unaryLoop<F, T, Element<R>>}};
  }

  template <class R, class F>
  void binaryOp(const char* name, F) {
    using E = Element<R>;
    ops_[name] = {
        2, std::is_same_v<R, Truth>, {binaryLoop<F, T, E, 0>, binaryLoop<F, T, E, 1>, binaryLoop<F, T, E, 2>}};
  }

  // Marks the result of a predicate, whose tile holds int32_t.
  struct Truth {};
  template <class R>
  using Element = std::conditional_t<std::is_same_v<R, Truth>, int32_t, R>;

#define HORNET_ENTRY_1(R, name, expression) \
  unaryOp<R>(                               \
      #name, [](T x) __attribute__((always_inline)) { return expression; });
#define HORNET_ENTRY_2(R, name, expression) \
  binaryOp<R>(                              \
      #name, [](T a, T b) __attribute__((always_inline)) { return expression; });
#define HORNET_SAME_1(name, expression) HORNET_ENTRY_1(T, name, expression)
#define HORNET_SAME_2(name, expression) HORNET_ENTRY_2(T, name, expression)
#define HORNET_TRUTH_1(name, expression) HORNET_ENTRY_1(Truth, name, expression)
#define HORNET_TRUTH_2(name, expression) HORNET_ENTRY_2(Truth, name, expression)

  void unary() {
    HORNET_UNARY(HORNET_SAME_1)
    HORNET_UNARY_PREDICATE(HORNET_TRUTH_1)
  }

  void binary() {
    HORNET_BINARY(HORNET_SAME_2)
    HORNET_BINARY_PREDICATE(HORNET_TRUTH_2)
  }

  void floats() {
    HORNET_FLOAT_UNARY(HORNET_SAME_1)
    HORNET_FLOAT_BINARY(HORNET_SAME_2)
  }

  void integers(){HORNET_INTEGER_UNARY(HORNET_SAME_1) HORNET_INTEGER_BINARY(HORNET_SAME_2)}

#undef HORNET_ENTRY_1
#undef HORNET_ENTRY_2
#undef HORNET_SAME_1
#undef HORNET_SAME_2
#undef HORNET_TRUTH_1
#undef HORNET_TRUTH_2

  TileOps ops_;
};

// Results are made 0 or 1 again by the chain, which is too late for ~x.
TileOps booleanOps() {
  TileOps ops = TileOpsOf<int32_t>().build();
  ops["bitwise_not"] = ops["logical_not"];
  return ops;
}

}  // namespace

const TileOp& findTileOp(const std::string& name, Domain domain) {
  static const TileOps tables[] = {TileOpsOf<float>().build(), TileOpsOf<double>().build(),
                                   TileOpsOf<int64_t>().build(), booleanOps()};
  const TileOps& ops = tables[int(domain)];
  if (const auto found = ops.find(name); found != ops.end()) return found->second;
  static const char* const types[] = {"float32", "float64", "integers", "bool"};
  throw Error(name, std::string("not defined for ") + types[int(domain)]);
}

}  // namespace hornet
