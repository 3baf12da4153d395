// Results that are dear to make and stay right from run to run: compiled kernels and chosen plans, one file each.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace hornet::cuda {

/// Hornet's folder for what can be made anew: HORNET_CACHE, else XDG_CACHE_HOME/hornet, else ~/.cache/hornet; empty
/// where there is none.
std::filesystem::path cacheFolder();

/// 32 hexadecimal digits that stand for a text.
std::string hashOf(std::string_view text);

/// Files by key in one folder of the cache. Written beside and renamed, so that several processes may share it; a
/// folder that cannot be written, or a damaged file, costs time only.
class DiskCache {
 public:
  explicit DiskCache(const char* folder) : folder_(cacheFolder().empty() ? "" : cacheFolder() / folder) {}

  std::optional<std::string> find(const std::string& key) const;
  void store(const std::string& key, std::string_view content) const noexcept;

 private:
  std::filesystem::path folder_;
};

}  // namespace hornet::cuda
