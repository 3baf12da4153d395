// Plans an element-wise chain: values that are the same everywhere are computed once, inputs and outputs are used in
// place of registers where their memory allows it, the rest shares as few tile slots as possible.
#include "chain.h"

#include <algorithm>
#include <optional>

#include "../error.h"

namespace hornet {

namespace {

constexpr int64_t kTile = 1024;             // values
constexpr int64_t kTileMemory = 16 * 1024;  // bytes of slots, inputs and outputs that stay in the first-level cache

class ChainBuilder {
 public:
  ChainBuilder(const KernelArgs& args, Chain& chain) : args_(args), chain_(chain) {
    layOut();
    addInputs();
    addConstants();
    addOps();
    addOutputs();
    assignSlots();
    chooseTile();
  }

 private:
  using Place = Chain::Place;

  /// A register of the contract: an input, a constant or an op's result.
  struct Value {
    DType dtype;
    int reg;  // of the chain; for an input that is not loaded yet, its memory
    bool loaded = true;
  };

  void layOut() {
    const Dims& shape = args_.outputs[0].shape;
    std::vector<Dims> strides;
    for (const TensorSpec& input : args_.inputs) strides.push_back(broadcastStrides(input.shape, shape));
    Dims merged = shape;
    std::vector<Dims> walked;  // strides of inputs that force rows: the others read one value, or all in order
    for (size_t i = 0; i < strides.size(); i++) {
      if (needsRows(i)) walked.push_back(strides[i]);
    }
    mergeDims(merged, walked);
    if (walked.empty()) merged = {product(shape)};
    chain_.rowLength = merged.empty() ? 1 : merged.back();
    if (!merged.empty()) merged.pop_back();
    chain_.rowShape = merged;
    chain_.rows = product(merged);
    if (product(shape) == 0) chain_.rows = chain_.rowLength = 0;

    size_t next = 0;
    for (size_t i = 0; i < strides.size(); i++) {
      Chain::Input input{int64_t(sizeOf(args_.inputs[i].dtype)), isContiguous(i), 0, Dims(merged.size(), 0)};
      if (needsRows(i)) {
        Dims& s = walked[next++];
        input.step = s.back();
        s.pop_back();
        input.strides = s;
      }
      chain_.inputs.push_back(std::move(input));
    }
    shortRows_ = !merged.empty() && chain_.rowLength < kTile / 2;
  }

  bool isUniform(size_t i) const { return args_.inputs[i].numel() == 1; }
  bool isContiguous(size_t i) const { return args_.inputs[i].numel() == args_.outputs[0].numel(); }
  bool needsRows(size_t i) const { return !isUniform(i) && !isContiguous(i); }

  int addRegister(Domain domain, Place place, int index = -1) {
    chain_.registers.push_back({domain, place, index});
    return int(chain_.registers.size()) - 1;
  }

  int addUniform(Domain domain) {
    chain_.uniforms.push_back(0);
    return addRegister(domain, Place::uniform, int(chain_.uniforms.size()) - 1);
  }

  bool isUniformRegister(int r) const { return chain_.registers[r].place == Place::uniform; }
  Domain domain(int r) const { return chain_.registers[r].domain; }

  void addInputs() {
    for (size_t i = 0; i < args_.inputs.size(); i++) {
      const DType dtype = args_.inputs[i].dtype;
      values_.push_back({dtype, addRegister(domainOf(dtype), Place::input, int(i)), false});
    }
  }

  void addConstants() {
    const auto& values = args_.attrs.numbers("consts");
    const auto dtypes = args_.attrs.integers("constDtypes");
    for (size_t i = 0; i < values.size(); i++) {
      const DType dtype = DType(dtypes[i]);
      const int r = addUniform(domainOf(dtype));
      castTile(Domain::float64, dtype)(&values[i], nullptr, nullptr, &chain_.uniforms[chain_.registers[r].index], 1);
      values_.push_back({dtype, r});
    }
  }

  /// The register that holds a value, which is loaded now if it is an input in another form or place.
  int use(int value) {
    Value& v = values_[value];
    if (!v.loaded) {
      v.reg = load(v.reg, v.dtype, domainOf(v.dtype));
      v.loaded = true;
    }
    return v.reg;
  }

  int load(int memory, DType dtype, Domain to) {
    const int i = chain_.registers[memory].index;
    const bool native = isNative(dtype) && domainOf(dtype) == to;
    if (isUniform(i)) {
      const int r = addUniform(to);
      chain_.once.push_back({loadTile(dtype, to), memory, -1, -1, r});
      return r;
    }
    if (isContiguous(i) || (!shortRows_ && chain_.inputs[i].step != 0)) {
      if (native) return memory;
      const int r = addRegister(to, Place::slot);
      chain_.perTile.push_back({loadTile(dtype, to), memory, -1, -1, r});
      return r;
    }
    // Whole rows that repeat are the same in every tile.
    const bool repeats = shortRows_ && std::ranges::all_of(chain_.inputs[i].strides, [](int64_t s) { return s == 0; });
    const int r = addRegister(to, Place::slot);
    (repeats ? chain_.perThread : chain_.perTile).push_back({loadTile(dtype, to), memory, -1, -1, r, fillTile(to)});
    return r;
  }

  void addOps() {
    const std::vector<std::string> names = split(args_.attrs.string("ops", ""));
    const auto operands = args_.attrs.integers("args");
    const auto dtypes = args_.attrs.integers("dtypes");
    countUses(operands);
    size_t next = 0;
    for (size_t i = 0; i < names.size(); i++) {
      const DType dtype = DType(dtypes[i]);
      if (names[i] == "cast") {
        addCast(int(operands.at(next++)), dtype);
        continue;
      }
      const bool isSelect = names[i] == "select";
      const Domain domain = domainOf(values_[operands.at(next + (isSelect ? 1 : 0))].dtype);
      const TileOp& op = findTileOp(names[i], domain);
      int regs[3] = {-1, -1, -1}, variant = 0;
      for (int k = 0; k < op.arity; k++) {
        regs[k] = use(int(operands.at(next++)));
        if (isUniformRegister(regs[k])) variant |= 1 << k;
      }
      const bool once = variant == (1 << op.arity) - 1;
      const Domain result = op.toBool ? Domain::boolean : domain;
      const int r = once ? addUniform(result) : addRegister(result, Place::slot);
      std::vector<Chain::Step>& steps = once ? chain_.once : chain_.perTile;
      steps.push_back({op.variants[once ? 0 : variant], regs[0], regs[1], regs[2], r});
      const bool exact = op.toBool || isSelect || isNative(dtype) || isFloat(dtype);
      if (!exact) steps.push_back({castTile(result, dtype), r, -1, -1, r});
      values_.push_back({dtype, r});
    }
  }

  void addCast(int value, DType to) {
    Value& v = values_[value];
    const DType from = v.dtype;
    const bool onlyStored = readers_[values_.size()] == 0;
    if (domainOf(from) == domainOf(to) && (to == from || isNative(to) || (isFloat(to) && onlyStored))) {
      const Value same = v;  // the store rounds
      if (same.loaded)
        values_.push_back({to, same.reg});
      else
        values_.push_back({to, use(value)});
      return;
    }
    if (!v.loaded && (isNative(to) || to == DType::boolean)) {
      const int r = load(v.reg, from, domainOf(to));
      values_.push_back({to, r});
      return;
    }
    const int x = use(value);
    const bool once = isUniformRegister(x);
    const int r = once ? addUniform(domainOf(to)) : addRegister(domainOf(to), Place::slot);
    (once ? chain_.once : chain_.perTile).push_back({castTile(domain(x), to), x, -1, -1, r});
    values_.push_back({to, r});
  }

  void countUses(const std::vector<int64_t>& operands) {
    readers_.assign(values_.size() + operands.size() + 1, 0);
    for (const int64_t value : operands) readers_.at(size_t(value))++;
  }

  void addOutputs() {
    const auto outs = args_.attrs.integers("outs");
    for (const int64_t value : outs) use(int(value));
    std::vector<Chain::Step> stores;
    for (size_t j = 0; j < args_.outputs.size(); j++) {
      const DType dtype = args_.outputs[j].dtype;
      chain_.outputBytes.push_back(int64_t(sizeOf(dtype)));
      int r = values_[outs[j]].reg;
      const int memory = addRegister(domainOf(dtype), Place::output, int(j));
      if (isNative(dtype) && writeDirectly(r, memory, outs, stores)) continue;
      if (isUniformRegister(r)) {
        const bool native = isNative(dtype);
        const int filled = native ? memory : addRegister(domain(r), Place::slot);
        stores.push_back({fillTile(domain(r)), r, -1, -1, filled});
        if (native) continue;
        r = filled;
      }
      stores.push_back({storeTile(domain(r), dtype), r, -1, -1, memory});
    }
    chain_.perTile.insert(chain_.perTile.end(), stores.begin(), stores.end());
  }

  /// Lets the steps of a slot register work in an output instead, unless an input that may be the same memory is read
  /// later. Stores of the same register to earlier outputs, of other types, read it from there.
  bool writeDirectly(int r, int memory, const std::vector<int64_t>& outs, std::vector<Chain::Step>& stores) {
    if (chain_.registers[r].place != Place::slot) return false;
    const auto writes = [=](const Chain::Step& s) { return s.out == r; };
    const auto first = std::ranges::find_if(chain_.perTile, writes);
    if (first == chain_.perTile.end()) return false;
    const auto reads = [&](int operand) {
      if (operand < 0 || chain_.registers[operand].place != Place::input) return false;
      const int i = chain_.registers[operand].index;
      return isContiguous(i) && chain_.inputs[i].bytes == chain_.outputBytes.back();
    };
    const bool readLater = std::any_of(first + 1, chain_.perTile.end(),
                                       [&](const Chain::Step& s) { return reads(s.a) || reads(s.b) || reads(s.c); });
    if (readLater || std::ranges::any_of(outs, [&](int64_t value) { return reads(values_[value].reg); })) return false;
    for (Chain::Step& s : chain_.perTile) {
      for (int* operand : {&s.a, &s.b, &s.c, &s.out}) {
        if (*operand == r) *operand = memory;
      }
    }
    for (Chain::Step& s : stores) {
      if (s.a == r) s.a = memory;
    }
    for (Value& v : values_) {
      if (v.reg == r) v.reg = memory;
    }
    return true;
  }

  /// Registers that are never alive at once share a slot.
  void assignSlots() {
    std::vector<int> lastUse(chain_.registers.size(), -1);
    for (size_t i = 0; i < chain_.perTile.size(); i++) {
      const Chain::Step& s = chain_.perTile[i];
      for (const int r : {s.a, s.b, s.c, s.out}) {
        if (r >= 0) lastUse[r] = int(i);
      }
    }
    std::vector<int> free;
    for (const Chain::Step& s : chain_.perThread) chain_.registers[s.out].index = chain_.slots++;
    std::vector<bool> kept(chain_.registers.size(), false);
    for (const Chain::Step& s : chain_.perThread) kept[s.out] = true;
    for (size_t i = 0; i < chain_.perTile.size(); i++) {
      const Chain::Step& s = chain_.perTile[i];
      std::vector<int> dying;
      for (const int r : {s.a, s.b, s.c}) {
        if (r < 0 || r == s.out || kept[r] || chain_.registers[r].place != Place::slot || lastUse[r] != int(i))
          continue;
        if (std::ranges::find(dying, r) == dying.end()) dying.push_back(r);
      }
      const auto release = [&](bool sameWidth) {
        for (const int r : dying) {
          if ((computeBytes(domain(r)) == computeBytes(domain(s.out))) == sameWidth)
            free.push_back(chain_.registers[r].index);
        }
      };
      release(true);
      Chain::Register& out = chain_.registers[s.out];
      if (out.place == Place::slot && out.index < 0) {
        if (free.empty()) free.push_back(chain_.slots++);
        out.index = free.back();
        free.pop_back();
      }
      release(false);
    }
  }

  void chooseTile() {
    Chain& c = chain_;
    int64_t width = 4;
    for (const Chain::Register& r : c.registers) {
      if (r.place == Place::slot) width = std::max<int64_t>(width, int64_t(computeBytes(r.domain)));
    }
    int64_t tile = kTile;
    const int64_t streams = c.slots + int64_t(args_.inputs.size() + args_.outputs.size());
    while (tile > 128 && tile * width * streams > kTileMemory) tile /= 2;
    const int64_t rowLength = std::max<int64_t>(1, c.rowLength);
    c.tileRows = shortRows_ ? std::max<int64_t>(1, tile / rowLength) : 1;
    c.tileLength = shortRows_ ? rowLength : std::min(tile, rowLength);
    c.slotBytes = (c.tileRows * c.tileLength * width + 63) / 64 * 64;
    std::vector<bool> seen(c.registers.size(), false);
    for (const Chain::Step& s : c.perTile) {
      for (const int r : {s.fill ? -1 : s.a, s.b, s.c, s.out}) {
        if (r < 0 || seen[r] || (c.registers[r].place != Place::input && c.registers[r].place != Place::output))
          continue;
        seen[r] = true;
        c.moving.push_back(r);
      }
    }
  }

  static std::vector<std::string> split(const std::string& joined) {
    std::vector<std::string> parts;
    for (size_t begin = 0; begin < joined.size();) {
      const size_t end = std::min(joined.find(';', begin), joined.size());
      parts.push_back(joined.substr(begin, end - begin));
      begin = end + 1;
    }
    return parts;
  }

  const KernelArgs& args_;
  Chain& chain_;
  std::vector<Value> values_;
  std::vector<int> readers_;  // by value: how many operands it is
  bool shortRows_ = false;
};

}  // namespace

Chain::Chain(const KernelArgs& args) { ChainBuilder(args, *this); }

}  // namespace hornet
