// Plans of strided copies: dense runs by vectors, transposes by tiles, the rest item by item.
#include "strided_copy.h"

#include <algorithm>

namespace hornet {

namespace {

static_assert(kCopyThreads == kThreads && kCopyRank >= int(kMaxRank));

constexpr int64_t kLeastTransposed = 8;  // below, tiles would be mostly empty

void removeDim(CopyPlan& plan, size_t d) {
  for (Dims* dims : {&plan.shape, &plan.from, &plan.to}) dims->erase(dims->begin() + int64_t(d));
}

const std::byte* at(const void* memory, int64_t offset) { return static_cast<const std::byte*>(memory) + offset; }
std::byte* at(void* memory, int64_t offset) { return static_cast<std::byte*>(memory) + offset; }

}  // namespace

const char* itemType(int64_t bytes) {
  switch (bytes) {
    case 1:
      return "uint8_t";
    case 2:
      return "uint16_t";
    case 4:
      return "uint32_t";
    case 8:
      return "uint64_t";
    default:
      return "uint4";
  }
}

CopyPlan::CopyPlan(size_t bytes, const Dims& whole, const Dims& fromStrides, const Dims& toStrides, int64_t fromStart,
                   int64_t toStart, const Dims& moveStrides)
    : itemBytes(int64_t(bytes)), fromFirst(fromStart), toFirst(toStart), moves(moveStrides) {
  CopyViews views(whole, fromStrides, toStrides);
  shape = std::move(views.shape);
  from = std::move(views.from);
  to = std::move(views.to);
  if (shape.size() > kMaxRank) throw Error("copy", "more than 32 dimensions");
  if (shape.empty() || from.back() != 1 || to.back() != 1) return;

  int64_t factor = kVectorBytes / itemBytes;
  const auto divides = [&](int64_t number) { return number % factor == 0; };
  const auto allDivide = [&](const Dims& numbers, size_t n) {
    return std::all_of(numbers.begin(), numbers.begin() + int64_t(n), divides);
  };
  const size_t last = shape.size() - 1;
  while (!(divides(shape[last]) && divides(fromFirst) && divides(toFirst) && allDivide(from, last) &&
           allDivide(to, last) && allDivide(moves, moves.size())))
    factor /= 2;
  itemBytes *= factor;
  shape[last] /= factor;
  fromFirst /= factor;
  toFirst /= factor;
  for (size_t d = 0; d < last; d++) {
    from[d] /= factor;
    to[d] /= factor;
  }
  for (int64_t& stride : moves) stride /= factor;
  if (shape[last] == 1) removeDim(*this, last);
}

template <class Index>
CopyArgs<Index> CopyPlan::args() const {
  CopyArgs<Index> result{};
  result.count = Index(count());
  result.rank = int32_t(shape.size());
  for (size_t d = 0; d < shape.size(); d++) {
    result.sizes[d] = radixOf<Index>(shape[d]);
    result.fromStrides[d] = from[d];
    result.toStrides[d] = to[d];
  }
  return result;
}

template CopyArgs<uint32_t> CopyPlan::args() const;
template CopyArgs<uint64_t> CopyPlan::args() const;

StridedCopy::StridedCopy(Device& device, size_t itemBytes, const Dims& shape, const Dims& from, const Dims& to,
                         int64_t fromFirst, int64_t toFirst, const FaultRecord* guard) {
  if (product(shape) == 0) return;
  const CopyPlan plan(itemBytes, shape, from, to, fromFirst, toFirst);
  fromOffset_ = plan.fromFirst * plan.itemBytes;
  toOffset_ = plan.toFirst * plan.itemBytes;
  dense_.fault = transposed_.fault = strided_.fault = guard;
  const bool isDense = plan.shape.empty() || (plan.shape.size() == 1 && plan.from[0] == 1 && plan.to[0] == 1);
  const bool isAligned = fromOffset_ % kVectorBytes == 0 && toOffset_ % kVectorBytes == 0;
  if (isDense && isAligned)
    planDense(device, plan);
  else if (!planTransposed(device, plan))
    planStrided(device, plan);
}

void StridedCopy::planDense(Device& device, const CopyPlan& plan) {
  kind_ = Kind::dense;
  const int64_t bytes = plan.count() * plan.itemBytes;
  dense_.vectors = bytes / kVectorBytes;
  dense_.tail = int32_t(bytes % kVectorBytes);
  blocks_ = copyBlocks(dense_.vectors);
  kernel_ = DeviceKernel(device, "copy.cu", "copyDense");
}

bool StridedCopy::planTransposed(Device& device, const CopyPlan& plan) {
  if (plan.shape.empty()) return false;
  const size_t last = plan.shape.size() - 1;
  const auto dense = std::ranges::find(plan.from, 1);
  if (plan.to[last] != 1 || plan.from[last] == 0 || dense == plan.from.end()) return false;
  const size_t row = size_t(dense - plan.from.begin());
  if (row == last || std::min(plan.shape[row], plan.shape[last]) < kLeastTransposed) return false;

  TransposeArgs& args = transposed_;
  args.rows = plan.shape[row];
  args.columns = plan.shape[last];
  args.columnFromStride = plan.from[last];
  args.rowToStride = plan.to[row];
  CopyPlan outer = plan;
  removeDim(outer, last);
  removeDim(outer, row);
  const int64_t side = transposeSide(int(plan.itemBytes));
  const int64_t rowTiles = (args.rows + side - 1) / side, columnTiles = (args.columns + side - 1) / side;
  const int64_t tiles = outer.count() * rowTiles * columnTiles;
  if (tiles >= int64_t(1) << 31) return false;
  args.tiles = uint32_t(tiles);
  args.rowTiles = radixOf<uint32_t>(rowTiles);
  args.columnTiles = radixOf<uint32_t>(columnTiles);
  const CopyArgs<uint32_t> positions = outer.args<uint32_t>();
  args.rank = positions.rank;
  std::ranges::copy(positions.sizes, args.sizes);
  std::ranges::copy(positions.fromStrides, args.fromStrides);
  std::ranges::copy(positions.toStrides, args.toStrides);
  kind_ = Kind::transposed;
  blocks_ = unsigned(tiles);
  kernel_ = DeviceKernel(device, "copy.cu", instantiate("copyTransposed", {itemType(plan.itemBytes)}));
  return true;
}

void StridedCopy::planStrided(Device& device, CopyPlan plan) {
  kind_ = Kind::strided;
  std::string function = "copyStrided";
  const std::string item = itemType(plan.itemBytes);
  if (const int64_t vector = kVectorBytes / plan.itemBytes; !plan.shape.empty() && plan.from.back() == 0) {
    const auto divides = [&](int64_t number) { return number % vector == 0; };
    const bool isDense = plan.to.back() == 1 && std::all_of(plan.to.begin(), plan.to.end() - 1, divides);
    if (vector > 1 && isDense && divides(plan.shape.back()) && divides(plan.toFirst)) {
      function = "copyRepeated";
      plan.shape.back() /= vector;
      for (size_t d = 0; d + 1 < plan.to.size(); d++) plan.to[d] /= vector;
    }
  }
  blocks_ = copyBlocks(plan.count());
  withIndex(plan.count(), [&](auto index, const char* type) {
    using Index = decltype(index);
    CopyArgs<Index> args = plan.args<Index>();
    args.fault = strided_.fault;
    if constexpr (sizeof(Index) == 4)
      strided_ = args;
    else
      stridedLong_ = std::make_unique<CopyArgs<Index>>(args);
    kernel_ = DeviceKernel(device, "copy.cu", instantiate(function, {item, type}));
  });
}

void StridedCopy::run(const void* from, void* to) const {
  if (kind_ == Kind::nothing) return;
  const auto launch = [&](auto args) {
    args.from = at(from, fromOffset_);
    args.to = at(to, toOffset_);
    kernel_.launch({blocks_}, args);
  };
  if (kind_ == Kind::dense)
    launch(dense_);
  else if (kind_ == Kind::transposed)
    launch(transposed_);
  else if (stridedLong_ != nullptr)
    launch(*stridedLong_);
  else
    launch(strided_);
}

}  // namespace hornet
