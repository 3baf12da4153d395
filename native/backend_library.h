// Where the backend libraries are: plain shared libraries beside the addon.
#pragma once

#include <string>

namespace hornet {

/// The path of the library for a kind of device, `cpu` or `cuda`; of the CPU's, the one that suits this machine. Throws
/// an Error that says what is missing.
std::string findBackendLibrary(const std::string& kind);

/// A function that the library at `path` exports; throws an Error when it has none of this name.
void* backendSymbol(const std::string& path, const char* name);

}  // namespace hornet
