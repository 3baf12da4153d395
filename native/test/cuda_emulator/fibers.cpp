// Fibers with stacks of their own, switched by a few instructions, and the signals that a kernel's faults raise.
#include "fibers.h"

#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "memory.h"
#include "settings.h"
#include "stream.h"

namespace emulated {
namespace {

constexpr size_t kStack = size_t(64) << 10, kPage = 4096;
constexpr unsigned kMostThreads = 1024, kWarp = 32;

// --- Switching.

#if defined(__x86_64__)
// void switchStack(void** saved, void* next): callee-saved registers travel on the stacks.
asm(R"(
.text
.local emulatedSwitch
.type emulatedSwitch, @function
emulatedSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulatedSwitch, .-emulatedSwitch
)");
extern "C" void emulatedSwitch(void** saved, void* next);

using Context = void*;
void makeContext(Context& context, char* stackEnd, void (*entry)()) {
  void** top = reinterpret_cast<void**>(stackEnd) - 2;
  *top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  context = top;
}
void switchContext(Context& from, Context& to) { emulatedSwitch(&from, to); }
#else
using Context = ucontext_t;
void makeContext(Context& context, char* stackEnd, void (*entry)()) {
  getcontext(&context);
  context.uc_stack.ss_sp = stackEnd - kStack;
  context.uc_stack.ss_size = kStack;
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
}
void switchContext(Context& from, Context& to) { swapcontext(&from, &to); }
#endif

// --- Threads of the block that runs. One block at a time, under the global lock.

/// Lanes that exchange values: those of one mask.
struct Group {
  unsigned mask = 0, arrived = 0, generation = 0;
  unsigned long long values[2][kWarp];
};

struct Fiber {
  Context context;
  Index3 index;
  enum { ready, atBarrier, inExchange, ended } state = ready;
  Group* group = nullptr;
  unsigned generation = 0;
};

struct Warp {
  unsigned alive = 0;
  Group groups[8];
  int groupCount = 0;
};

Fiber fibers[kMostThreads];
Warp warps[kMostThreads / kWarp];
unsigned current = 0;
Context scheduler;
const Launch* running = nullptr;

char* stacks() {
  static char* const memory = [] {
    const size_t bytes = kMostThreads * (kStack + kPage);
    char* all = static_cast<char*>(
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0));
    for (unsigned i = 0; i < kMostThreads; ++i) mprotect(all + i * (kStack + kPage), kPage, PROT_NONE);
    return all;
  }();
  return memory;
}

void yield() { switchContext(fibers[current].context, scheduler); }

void complete(Group& group, const Warp& warp) {
  if (group.arrived == 0 || group.arrived != (group.mask & warp.alive)) return;
  group.arrived = 0;
  ++group.generation;
}

void endThread() {
  fibers[current].state = Fiber::ended;
  Warp& warp = warps[current / kWarp];
  warp.alive &= ~(1u << current % kWarp);
  // Those who wait for others of an exchange need not wait for this one.
  for (int i = 0; i < warp.groupCount; ++i) complete(warp.groups[i], warp);
}

void fiberMain() {
  running->kernel->thread(running->parameters);
  endThread();
  yield();
  __builtin_unreachable();
}

void syncThreads() {
  fibers[current].state = Fiber::atBarrier;
  yield();
}

const unsigned long long* exchange(unsigned mask, unsigned long long value) {
  Warp& warp = warps[current / kWarp];
  const unsigned lane = current % kWarp;
  Group* group = nullptr;
  for (int i = 0; i < warp.groupCount && !group; ++i)
    if (warp.groups[i].mask == mask) group = &warp.groups[i];
  if (!group) {
    if (warp.groupCount == 8) warp.groupCount = 0;
    group = &warp.groups[warp.groupCount++];
    *group = {};
    group->mask = mask;
  }
  if (group->arrived == 0) memset(group->values[group->generation & 1], 0xff, sizeof group->values[0]);
  auto& values = group->values[group->generation & 1];
  values[lane] = value;
  Fiber& fiber = fibers[current];
  fiber.state = Fiber::inExchange;
  fiber.group = group;
  fiber.generation = group->generation;
  group->arrived |= 1u << lane;
  // A lane that is not in its own mask never sees the exchange end.
  complete(*group, warp);
  if (group->generation == fiber.generation) yield();
  fiber.state = Fiber::ready;
  return values;
}

unsigned activeLanes() { return warps[current / kWarp].alive; }

constexpr Runtime runtime{&syncThreads, &exchange, &activeLanes};

bool canRun(const Fiber& fiber) {
  return fiber.state == Fiber::ready ||
         (fiber.state == Fiber::inExchange && fiber.group->generation != fiber.generation);
}

/// Runs the fibers of a warp until none can go on; now from the first lane, now from the last.
void runWarp(unsigned first, unsigned end) {
  static bool backwards = false;
  for (bool progress = true; progress;) {
    progress = false;
    backwards = !backwards;
    for (unsigned i = 0; i < end - first; ++i) {
      const unsigned thread = backwards ? end - 1 - i : first + i;
      if (!canRun(fibers[thread])) continue;
      progress = true;
      current = thread;
      *running->module->threadIdx = fibers[thread].index;
      switchContext(scheduler, fibers[thread].context);
    }
  }
}

std::string runFibers(unsigned threads) {
  char* stack = stacks();
  const Index3 size = running->block;
  for (unsigned i = 0; i < threads; ++i) {
    Fiber& fiber = fibers[i];
    makeContext(fiber.context, stack + (i + 1) * (kStack + kPage), &fiberMain);
    fiber.index = {i % size.x, i / size.x % size.y, i / size.x / size.y};
    fiber.state = Fiber::ready;
    if (i % kWarp == 0) warps[i / kWarp].alive = 0, warps[i / kWarp].groupCount = 0;
    warps[i / kWarp].alive |= 1u << i % kWarp;
  }
  while (true) {
    unsigned waiting = 0, ended = 0, stuck = 0, firstWaiting = 0;
    for (unsigned first = 0; first < threads; first += kWarp) runWarp(first, std::min(first + kWarp, threads));
    for (unsigned i = threads; i-- > 0;) {
      const auto state = fibers[i].state;
      if (state == Fiber::atBarrier) ++waiting, firstWaiting = i;
      if (state == Fiber::ended) ++ended;
      if (state == Fiber::inExchange) ++stuck, firstWaiting = i;
    }
    if (stuck > 0) {
      return "thread " + std::to_string(firstWaiting) + " waits for the lanes of a mask that don't come (" +
             std::to_string(stuck) + " of " + std::to_string(threads) + " threads wait)";
    }
    if (waiting == 0) return {};
    if (ended > 0) {
      return "__syncthreads() is reached by " + std::to_string(waiting) + " of " + std::to_string(threads) +
             " threads, e.g. thread " + std::to_string(firstWaiting);
    }
    for (unsigned i = 0; i < threads; ++i) fibers[i].state = Fiber::ready;
  }
}

// --- Faults. On a device they end the kernel; elsewhere they are what they would be without us.

thread_local sigjmp_buf* escape = nullptr;
thread_local const void* faultAddress = nullptr;
thread_local int faultSignal = 0;
struct sigaction earlier[NSIG];

void onSignal(int signal, siginfo_t* info, void* context) {
  if (escape) {
    faultSignal = signal;
    faultAddress = info->si_addr;
    siglongjmp(*escape, 1);
  }
  if (signal == SIGSEGV && isDeviceAddress(info->si_addr)) {
    report("host code touches " + describeAddress(info->si_addr));
    void* frames[32];
    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
  } else if (earlier[signal].sa_flags & SA_SIGINFO && earlier[signal].sa_sigaction) {
    earlier[signal].sa_sigaction(signal, info, context);
    return;
  }
  sigaction(signal, &earlier[signal], nullptr);
}

void installHandlers() {
  static const bool once = [] {
    struct sigaction action = {};
    action.sa_sigaction = &onSignal;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    for (const int signal : {SIGSEGV, SIGILL, SIGBUS, SIGFPE}) sigaction(signal, &action, &earlier[signal]);
    return true;
  }();
  (void)once;
}

std::string describeFault() {
  if (faultSignal == SIGSEGV) return "illegal access to " + describeAddress(faultAddress);
  if (faultSignal == SIGFPE) return "integer division by zero or overflow";
  return "misaligned access, or an index outside of an array";
}

std::string runBlocks() {
  const Module& module = *running->module;
  const Index3 grid = running->grid, block = running->block;
  static const bool reverse = !setting("REVERSE").empty();
  const uint64_t blocks = uint64_t(grid.x) * grid.y * grid.z;
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint64_t at = reverse ? blocks - 1 - i : i;
    *module.blockIdx = {unsigned(at % grid.x), unsigned(at / grid.x % grid.y), unsigned(at / grid.x / grid.y)};
    // What a block finds in its shared memory is not defined.
    memset(module.sharedBegin, 0xff, size_t(module.sharedEnd - module.sharedBegin));
    if (!module.waits) {
      running->kernel->block(running->parameters);
      continue;
    }
    const std::string problem = runFibers(block.x * block.y * block.z);
    if (!problem.empty()) return problem + ", block " + std::to_string(at);
  }
  return {};
}

}  // namespace

std::string runGrid(const Launch& launch) {
  installHandlers();
  const Module& module = *launch.module;
  *module.runtime = &runtime;
  *module.gridDim = launch.grid;
  *module.blockDim = launch.block;
  running = &launch;
  const DeviceAccess access;
  static sigjmp_buf place;
  std::string problem;
  if (sigsetjmp(place, 0) == 0) {
    escape = &place;
    problem = runBlocks();
    escape = nullptr;
  } else {
    escape = nullptr;
    const DeviceAccess again;  // The signal took the rights away.
    problem = describeFault();
    if (module.waits) problem += " in thread " + std::to_string(current);
    problem += " of block " + std::to_string(module.blockIdx->x);
  }
  running = nullptr;
  return problem;
}

}  // namespace emulated
