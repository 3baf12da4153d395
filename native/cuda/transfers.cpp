// Copies between host and device.
#include "transfers.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "../error.h"

namespace hornet::cuda {
namespace {

CUdeviceptr address(const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); }

}  // namespace

PinnedBlock PinnedPool::take(size_t bytes) {
  const size_t size = std::max<size_t>(4096, std::bit_ceil(bytes));
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = free_.find(size); found != free_.end()) {
      PinnedBlock block = std::move(found->second);
      free_.erase(found);
      return block;
    }
  }
  void* memory = nullptr;
  check(driver().cuMemAllocHost_v2(&memory, size), "allocating pinned memory");
  return {PinnedMemory(static_cast<std::byte*>(memory)), size, makeEvent()};
}

void PinnedPool::give(PinnedBlock block) {
  const std::lock_guard lock(mutex_);
  if (free_.count(block.bytes) < kKept) free_.emplace(block.bytes, std::move(block));
}

Transfers::Transfers(Device& device) : device_(device), thread_([this] { work(); }) {}

Transfers::~Transfers() { stop(); }

void Transfers::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Transfers::toDevice(void* to, const void* from, size_t bytes, CUstream stream) {
  for (size_t at = 0; at < bytes; at += PinnedPool::kMostBytes) {
    const size_t count = std::min(PinnedPool::kMostBytes, bytes - at);
    PinnedBlock block;
    {
      // Blocks whose copies are done are taken up again before new ones are made; past a few, the oldest is waited for.
      const std::lock_guard lock(mutex_);
      constexpr size_t kUnderWay = 8;
      while (!departures_.empty()) {
        const CUevent oldest = departures_.front().done.get();
        if (departures_.size() >= kUnderWay) {
          check(driver().cuEventSynchronize(oldest), "waiting for an upload");
        } else if (driver().cuEventQuery(oldest) == CUDA_ERROR_NOT_READY) {
          break;
        }
        pinned_.give(std::move(departures_.front()));
        departures_.pop_front();
      }
      block = pinned_.take(count);
    }
    std::memcpy(block.memory.get(), static_cast<const std::byte*>(from) + at, count);
    check(driver().cuMemcpyHtoDAsync_v2(address(to) + at, block.memory.get(), count, stream), "copying to the GPU");
    check(driver().cuEventRecord(block.done.get(), stream), "recording an event");
    const std::lock_guard lock(mutex_);
    departures_.push_back(std::move(block));
  }
}

void Transfers::toHost(void* to, const void* from, size_t bytes, Completion done) {
  const CUstream stream = device_.computeStream();
  size_t at = 0;
  std::vector<Arrival> arrivals;
  do {
    const size_t count = std::min(PinnedPool::kMostBytes, bytes - at);
    const bool isLast = at + count == bytes;
    const size_t fault = (count + 15) / 16 * 16;
    Arrival arrival{pinned_.take(isLast ? fault + sizeof(FaultRecord) : count),
                    static_cast<std::byte*>(to) + at,
                    count,
                    isLast,
                    {}};
    std::byte* memory = arrival.block.memory.get();
    if (count > 0) {
      check(driver().cuMemcpyDtoHAsync_v2(memory, address(from) + at, count, stream), "copying from the GPU");
    }
    if (isLast) {
      check(driver().cuMemcpyDtoHAsync_v2(memory + fault, address(device_.faults().record()), sizeof(FaultRecord),
                                          stream),
            "reading the fault record");
    }
    check(driver().cuEventRecord(arrival.block.done.get(), stream), "recording an event");
    arrivals.push_back(std::move(arrival));
    at += count;
  } while (at < bytes);
  arrivals.back().done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    for (Arrival& arrival : arrivals) arrivals_.push_back(std::move(arrival));
  }
  wake_.notify_one();
}

void Transfers::work() {
  std::exception_ptr error;  // of an earlier block of the read at hand
  for (;;) {
    Arrival arrival;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !arrivals_.empty(); });
      if (stopping_) return;
      arrival = std::move(arrivals_.front());
      arrivals_.pop_front();
    }
    try {
      const std::exception_ptr fault = finish(arrival);
      if (!error) error = fault;
    } catch (...) {
      if (!error) error = std::current_exception();
    }
    if (!arrival.done) continue;
    // The last thing done with it: the completion may free what the caller keeps this alive by.
    const Completion done = std::move(arrival.done);
    done(std::exchange(error, nullptr));
  }
}

std::exception_ptr Transfers::finish(Arrival& arrival) {
  device_.activate();
  check(driver().cuEventSynchronize(arrival.block.done.get()), "waiting for the GPU");
  const std::byte* memory = arrival.block.memory.get();
  if (arrival.bytes > 0) std::memcpy(arrival.to, memory, arrival.bytes);
  std::exception_ptr error;
  if (arrival.tellsFault) {
    FaultRecord fault;
    std::memcpy(&fault, memory + (arrival.bytes + 15) / 16 * 16, sizeof(fault));
    error = device_.faults().errorOf(fault);
    if (error) device_.faults().clear();
  }
  pinned_.give(std::move(arrival.block));
  return error;
}

}  // namespace hornet::cuda
