// The one exception of the native code. It becomes a JavaScript error with the same message.
#pragma once

#include <stdexcept>
#include <string>

namespace hornet {

class Error : public std::runtime_error {
 public:
  Error(const std::string& op, const std::string& message) : std::runtime_error("[" + op + "] " + message) {}
};

}  // namespace hornet
