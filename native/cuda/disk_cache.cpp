// Files of the disk cache: the hash of the content, then the content.
#include "disk_cache.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace hornet::cuda {
namespace {

constexpr size_t kHashLength = 32;

std::filesystem::path folderOf(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

/// FNV-1a from one of two starting points.
uint64_t fnv(std::string_view text, uint64_t hash) {
  for (const char c : text) hash = (hash ^ uint8_t(c)) * 0x100000001b3u;
  return hash ^ (hash >> 29);
}

}  // namespace

std::filesystem::path cacheFolder() {
  if (const auto own = folderOf("HORNET_CACHE"); !own.empty()) return own;
  if (const auto shared = folderOf("XDG_CACHE_HOME"); !shared.empty()) return shared / "hornet";
  const auto home = folderOf("HOME");
  return home.empty() ? home : home / ".cache" / "hornet";
}

std::string hashOf(std::string_view text) {
  std::string digits;
  for (const uint64_t start : {0xcbf29ce484222325u, 0x9ae16a3b2f90404fu}) {
    const uint64_t hash = fnv(text, start);
    for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 15];
  }
  return digits;
}

std::optional<std::string> DiskCache::find(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream file(folder_ / key, std::ios::binary);
  if (!file) return std::nullopt;
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.size() < kHashLength) return std::nullopt;
  std::string content = bytes.substr(kHashLength);
  if (bytes.compare(0, kHashLength, hashOf(content)) != 0) return std::nullopt;
  return content;
}

void DiskCache::store(const std::string& key, std::string_view content) const noexcept {
  if (folder_.empty()) return;
  try {
    std::filesystem::create_directories(folder_);
    const auto partial = folder_ / (key + ".partial-" + std::to_string(getpid()));
    {
      std::ofstream file(partial, std::ios::binary);
      file << hashOf(content) << content;
      if (!file.flush()) {
        std::error_code ignored;
        std::filesystem::remove(partial, ignored);
        return;
      }
    }
    std::filesystem::rename(partial, folder_ / key);
  } catch (const std::exception&) {
    // A full or read-only disk: the next process compiles again.
  }
}

}  // namespace hornet::cuda
