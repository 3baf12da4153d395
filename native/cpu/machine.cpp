// Reading the kernel's files about processors and memory. What cannot be read does not limit.
#include "machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <string>

namespace hornet {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

/// The number after `name` in a file of lines "name number …".
size_t entry(const char* path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  size_t value = 0;
  while (file >> word) {
    if (word == name && file >> value) return value;
  }
  return kNoLimit;
}

}  // namespace

int usableCores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  // Hardware threads of one core name the same siblings.
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string number = std::to_string(cpu);
    std::ifstream file("/sys/devices/system/cpu/cpu" + number + "/topology/thread_siblings_list");
    std::string siblings;
    cores.insert(std::getline(file, siblings) ? siblings : number);
  }
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  const int limit = file >> quota >> period && period > 0 ? std::max(1, int(quota / period + 0.5)) : CPU_SETSIZE;
  return std::clamp(int(cores.size()), 1, limit);
}

size_t totalMemory() { return size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE)); }

size_t freeMemory() {
  const size_t kibibytes = entry("/proc/meminfo", "MemAvailable:");
  size_t free = kibibytes == kNoLimit ? kNoLimit : kibibytes * 1024;
  std::ifstream file("/sys/fs/cgroup/memory.max");
  size_t limit = 0;
  if (file >> limit) {
    const size_t used = entry("/sys/fs/cgroup/memory.stat", "anon");
    if (used != kNoLimit) free = std::min(free, limit - std::min(limit, used));
  }
  return free;
}

}  // namespace hornet
