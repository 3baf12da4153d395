// oneDNN 2.6 and 3.x under one face: the engine, primitive descriptors, and a primitive tied to its memories.
// Not a wrapper of the library: kernels name its types and enumerators themselves.
#pragma once

#include <omp.h>

#include <algorithm>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../error.h"
#include "../tensor.h"

namespace hornet::onednn {

using dnnl::memory;

inline const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

inline const dnnl::stream& stream() {
  static const dnnl::stream inOrder(engine());
  return inOrder;
}

/// Whether the library computes in this type at full speed on this machine.
inline bool isFast(DType dtype) {
  if (dtype == DType::float32) return true;
  constexpr auto bfloat16Isa = unsigned(dnnl_cpu_isa_avx512_core_bf16);
  return dtype == DType::bfloat16 && (unsigned(dnnl_get_effective_cpu_isa()) & bfloat16Isa) == bfloat16Isa;
}

inline memory::data_type dataType(DType dtype) {
  return dtype == DType::bfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
}

/// Attributes under which a primitive takes its scratch memory from the caller.
inline dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

inline void appendEltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm) {
#if DNNL_VERSION_MAJOR >= 3
  ops.append_eltwise(algorithm, 0.0f, 0.0f);
#else
  ops.append_eltwise(1.0f, algorithm, 0.0f, 0.0f);
#endif
}

/// The post-op of an activation of the `matmul` and `conv` kernels; "linear" has none.
inline dnnl::primitive_attr attributes(const std::string& activation) {
  dnnl::primitive_attr attr = attributes();
  if (activation == "linear") return attr;
  dnnl::post_ops ops;
  appendEltwise(ops, activation == "relu"      ? dnnl::algorithm::eltwise_relu
                     : activation == "sigmoid" ? dnnl::algorithm::eltwise_logistic
                                               : dnnl::algorithm::eltwise_tanh);
  attr.set_post_ops(ops);
  return attr;
}

/// The descriptor of a primitive from the arguments that both versions share.
template <class Primitive, class... Args>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attr, const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), args..., attr};
#else
  return {typename Primitive::desc(args...), attr, engine()};
#endif
}

/// The descriptor of a backward primitive; `hint` is the descriptor of its forward primitive.
template <class Primitive, class Hint, class... Args>
typename Primitive::primitive_desc describeGradient(const dnnl::primitive_attr& attr, const Hint& hint,
                                                    const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), args..., hint, attr};
#else
  return {typename Primitive::desc(args...), attr, engine(), hint};
#endif
}

/// Limits OpenMP, and with it oneDNN, to `threads` threads while in scope: waking others costs more than small work.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads) : before_(omp_get_max_threads()), limit_(std::min(threads, before_)) {
    if (limit_ != before_) omp_set_num_threads(limit_);
  }
  ~ThreadLimit() {
    if (limit_ != before_) omp_set_num_threads(before_);
  }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  int before_, limit_;
};

/// How many threads are worth waking for this much work: all or one, see parallelFor.
inline int threadsFor(double flops) {
  constexpr double flopsPerThread = 1e6;
  const int threads = omp_get_max_threads();
  return flops < flopsPerThread * std::min(threads, 4) ? 1 : threads;
}

/// A primitive with its memories: made once, then pointed at addresses and run any number of times without allocating.
class Call {
 public:
  template <class PrimitiveDesc>
  Call(std::string op, const PrimitiveDesc& desc, const dnnl::primitive& primitive)
      : op_(std::move(op)),
        implementation_(desc.impl_info_str()),
        primitive_(primitive),
        scratchBytes_(desc.scratchpad_desc().get_size()) {
    if (scratchBytes_ > 0) bind(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  }

  Call& bind(int argument, const memory::desc& desc) {
    memories_.push_back(memory(desc, engine(), DNNL_MEMORY_NONE));
    args_.push_back({argument, memories_.back().get()});
    return *this;
  }

  /// Points an argument at memory; an argument that was not bound is ignored.
  Call& point(int argument, const void* data) {
    for (const dnnl_exec_arg_t& arg : args_) {
      if (arg.arg == argument) check(dnnl_memory_set_data_handle(arg.memory, const_cast<void*>(data)));
    }
    return *this;
  }

  void run(void* scratch) {
    point(DNNL_ARG_SCRATCHPAD, scratch);
    check(dnnl_primitive_execute(primitive_.get(), stream().get(), int(args_.size()), args_.data()));
  }

  size_t scratchBytes() const { return scratchBytes_; }
  /// The library's name for the code that runs.
  const std::string& implementation() const { return implementation_; }

 private:
  void check(dnnl_status_t status) const {
    if (status != dnnl_success) throw Error(op_, "oneDNN failed with status " + std::to_string(int(status)));
  }

  std::string op_, implementation_;
  dnnl::primitive primitive_;
  size_t scratchBytes_;
  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> args_;
};

/// A call that copies DNNL_ARG_FROM to DNNL_ARG_TO, from one layout to another.
inline Call reorder(const std::string& op, const memory::desc& from, const memory::desc& to) {
  const dnnl::reorder::primitive_desc desc(engine(), from, engine(), to, attributes());
  Call call(op, desc, dnnl::reorder(desc));
  call.bind(DNNL_ARG_FROM, from).bind(DNNL_ARG_TO, to);
  return call;
}

}  // namespace hornet::onednn
