// The `elementwise` kernel: runs a planned chain tile by tile over all threads.
#include <algorithm>
#include <memory>

#include "../kernel.h"
#include "chain.h"
#include "parallel.h"

namespace hornet {

namespace {

constexpr int64_t kParallelWork = 65536;  // values times steps that are worth a thread

// A thread's tiles and register table: kept from run to run, so that a run allocates nothing.
std::byte* threadBuffer(size_t bytes) {
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete[](memory, alignment); }
  };
  thread_local std::unique_ptr<std::byte[], Free> buffer;
  thread_local size_t size = 0;
  if (bytes > size) {
    buffer.reset(static_cast<std::byte*>(::operator new[](bytes, alignment)));
    size = bytes;
  }
  return buffer.get();
}

class Elementwise : public Kernel {
 public:
  explicit Elementwise(const KernelArgs& args) : chain_(args) {
    const Chain& c = chain_;
    columns_ = (c.rowLength + c.tileLength - 1) / c.tileLength;
    tiles_ = (c.rows + c.tileRows - 1) / c.tileRows * columns_;
    const int64_t work = c.tileRows * c.tileLength * int64_t(c.perTile.size() + 1);
    grain_ = std::max<int64_t>(1, kParallelWork / std::max<int64_t>(1, work));
    tableBytes_ = (c.registers.size() * sizeof(std::byte*) + 63) / 64 * 64;
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (tiles_ == 0) return;
    const Chain& c = chain_;
    const auto at = [&](int r) -> std::byte* {
      if (r < 0) return nullptr;
      const Chain::Register& reg = c.registers[r];
      return reg.place == Chain::Place::uniform ? reinterpret_cast<std::byte*>(&chain_.uniforms[reg.index])
                                                : bytes(in[reg.index]);
    };
    for (const Chain::Step& s : c.once) s.fn(at(s.a), at(s.b), at(s.c), at(s.out), 1);
    parallelFor(tiles_, grain_, [&](int64_t begin, int64_t end) { runTiles(in, out, begin, end); });
  }

 private:
  struct Tile {
    int64_t row, rows, column, length;
  };

  static std::byte* bytes(const void* memory) { return static_cast<std::byte*>(const_cast<void*>(memory)); }

  Tile tileAt(int64_t number) const {
    const Chain& c = chain_;
    const int64_t row = number / columns_ * c.tileRows, column = number % columns_ * c.tileLength;
    return {row, std::min(c.tileRows, c.rows - row), column, std::min(c.tileLength, c.rowLength - column)};
  }

  void runTiles(std::span<const void* const> in, std::span<void* const> out, int64_t begin, int64_t end) {
    const Chain& c = chain_;
    std::byte* buffer = threadBuffer(tableBytes_ + size_t(c.slots * c.slotBytes));
    std::byte** table = reinterpret_cast<std::byte**>(buffer);
    for (size_t r = 0; r < c.registers.size(); r++) {
      const Chain::Register& reg = c.registers[r];
      if (reg.place == Chain::Place::slot) table[r] = buffer + tableBytes_ + reg.index * c.slotBytes;
      if (reg.place == Chain::Place::uniform) table[r] = reinterpret_cast<std::byte*>(&chain_.uniforms[reg.index]);
    }
    for (const Chain::Step& s : c.perThread) runStep(s, table, in, {0, std::min(c.tileRows, c.rows), 0, c.rowLength});
    for (int64_t number = begin; number < end; number++) {
      const Tile tile = tileAt(number);
      const int64_t first = tile.row * c.rowLength + tile.column;
      for (const int r : c.moving) {
        const Chain::Register& reg = c.registers[r];
        if (reg.place == Chain::Place::output) {
          table[r] = bytes(out[reg.index]) + first * c.outputBytes[reg.index];
        } else {
          const Chain::Input& input = c.inputs[reg.index];
          const int64_t offset = input.contiguous ? first : rowsFrom(input, tile.row)[0] + tile.column * input.step;
          table[r] = bytes(in[reg.index]) + offset * input.bytes;
        }
      }
      for (const Chain::Step& s : c.perTile) runStep(s, table, in, tile);
    }
  }

  Odometer<1> rowsFrom(const Chain::Input& input, int64_t row) const {
    return {chain_.rowShape, {&input.strides}, row};
  }

  void runStep(const Chain::Step& s, std::byte** table, std::span<const void* const> in, const Tile& tile) const {
    const auto at = [&](int r) { return r < 0 ? nullptr : table[r]; };
    if (s.fill)
      bringRows(s, at(s.out), in, tile);
    else
      s.fn(at(s.a), at(s.b), at(s.c), at(s.out), tile.rows * tile.length);
  }

  // Loads the rows of a tile from a broadcast input.
  void bringRows(const Chain::Step& s, std::byte* to, std::span<const void* const> in, const Tile& tile) const {
    const int number = chain_.registers[s.a].index;
    const Chain::Input& input = chain_.inputs[number];
    const std::byte* from = bytes(in[number]) + tile.column * input.step * input.bytes;
    const int64_t rowBytes = tile.length * int64_t(computeBytes(chain_.registers[s.out].domain));
    Odometer<1> rows = rowsFrom(input, tile.row);
    for (int64_t i = 0; i < tile.rows; i++, rows.next(), to += rowBytes) {
      const std::byte* row = from + rows[0] * input.bytes;
      if (input.step != 0) {
        s.fn(row, nullptr, nullptr, to, tile.length);
      } else {
        uint64_t value;
        s.fn(row, nullptr, nullptr, &value, 1);
        s.fill(&value, nullptr, nullptr, to, tile.length);
      }
    }
  }

  Chain chain_;
  int64_t columns_, tiles_, grain_;
  size_t tableBytes_;
};

std::unique_ptr<Kernel> makeElementwise(const KernelArgs& args) { return std::make_unique<Elementwise>(args); }

}  // namespace

REGISTER_KERNEL("elementwise", makeElementwise);

}  // namespace hornet
