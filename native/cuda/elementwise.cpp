// The `elementwise` kernel: a chain compiled to one function, which several independent chains of one form share.
#include <algorithm>
#include <cstring>
#include <memory>

#include "../kernel.h"
#include "chain_source.h"
#include "device.h"
#include "divisor.h"

namespace hornet {
namespace {

/// Arguments of generated kernels, put together word by word.
class Words {
 public:
  void add(const void* pointer) { add(reinterpret_cast<uint64_t>(pointer)); }
  void add(uint64_t word) { words_.push_back(word); }
  void addBytes(const void* bytes, size_t count) {
    const size_t at = words_.size();
    words_.resize(at + (count + 7) / 8);
    std::memcpy(words_.data() + at, bytes, count);
  }
  void clear() { words_.clear(); }
  const void* data() const { return words_.data(); }

 private:
  std::vector<uint64_t> words_;
};

class Elementwise : public Kernel {
 public:
  explicit Elementwise(const KernelArgs& args)
      : device_(*args.device),
        layout_(args),
        source_(chainSource(args, layout_)),
        inputs_(args.inputs.size()),
        outputs_(args.outputs.size()),
        members_{layout_.packs} {
    for (const int64_t dim : layout_.dims) divisors_.push_back(layout_.isWide ? Divisor{} : makeDivisor(uint32_t(dim)));
  }

  std::string implementation() const override { return members_.size() > 1 ? "runChains" : "runChain"; }

  bool join(Kernel& other) override {
    const auto* chain = dynamic_cast<const Elementwise*>(&other);
    if (!chain || chain->source_ != source_ || !layout_.strides.empty()) return false;
    members_.insert(members_.end(), chain->members_.begin(), chain->members_.end());
    return true;
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (members_.size() > 1) return runAll(in, out);
    if (layout_.packs == 0) return;
    if (!one_) one_ = DeviceKernel(device_, source_, "runChain");
    words_.clear();
    words_.add(device_.faults().record());
    addTensors(in, out, 0);
    for (const Dims& strides : layout_.strides) words_.addBytes(strides.data(), strides.size() * sizeof(int64_t));
    if (!layout_.strides.empty()) {
      if (layout_.isWide) {
        words_.addBytes(layout_.dims.data(), layout_.dims.size() * sizeof(int64_t));
      } else {
        words_.addBytes(divisors_.data(), divisors_.size() * sizeof(Divisor));
      }
    }
    one_.launchBytes({blocks(layout_.packs)}, words_.data());
  }

 private:
  unsigned blocks(int64_t packs) const { return blocksFor(packs, kThreads, 16 * device_.multiprocessors()); }

  void addTensors(std::span<const void* const> in, std::span<void* const> out, size_t member) {
    for (size_t i = 0; i < inputs_; ++i) words_.add(in[member * inputs_ + i]);
    for (size_t j = 0; j < outputs_; ++j) words_.add(out[member * outputs_ + j]);
    words_.add(uint64_t(members_[member]));
  }

  void runAll(std::span<const void* const> in, std::span<void* const> out) {
    if (!several_) several_ = DeviceKernel(device_, source_, "runChains");
    const size_t most = chainsAtOnce(inputs_ + outputs_ + 1);
    std::vector<uint32_t>& ends = ends_;
    for (size_t first = 0; first < members_.size(); first += most) {
      const size_t count = std::min(most, members_.size() - first);
      words_.clear();
      words_.add(device_.faults().record());
      ends.assign(most, 0);
      uint32_t end = 0;
      for (size_t i = 0; i < most; ++i) {
        if (i < count) {
          addTensors(in, out, first + i);
          end += members_[first + i] > 0 ? blocks(members_[first + i]) : 0;
        } else {
          for (size_t word = 0; word <= inputs_ + outputs_; ++word) words_.add(uint64_t(0));
        }
        ends[i] = end;
      }
      words_.addBytes(ends.data(), ends.size() * sizeof(uint32_t));
      if (end > 0) several_.launchBytes({end}, words_.data());
    }
  }

  Device& device_;
  ChainLayout layout_;
  std::string source_;
  size_t inputs_, outputs_;
  std::vector<int64_t> members_;  // packs of each chain
  std::vector<Divisor> divisors_;
  DeviceKernel one_, several_;
  Words words_;
  std::vector<uint32_t> ends_;
};

std::unique_ptr<Kernel> makeElementwise(const KernelArgs& args) { return std::make_unique<Elementwise>(args); }

REGISTER_KERNEL("elementwise", makeElementwise);

}  // namespace
}  // namespace hornet
