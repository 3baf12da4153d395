// Runs the tests whose names contain the first argument; all of them without one.
#include <chrono>
#include <cstring>

#include "test.h"

int main(int argc, char** argv) {
  using namespace hornet::test;
  int passed = 0, failed = 0;
  for (const Test& test : tests()) {
    if (argc > 1 && !std::strstr(test.name, argv[1])) continue;
    failures() = 0;
    const auto start = std::chrono::steady_clock::now();
    try {
      test.body();
    } catch (const std::exception& exception) {
      check(false, exception.what(), test.name, 0);
    }
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    std::printf("%s %s (%.0f ms)\n", failures() ? "✗" : "✓", test.name, time.count());
    std::fflush(stdout);
    ++(failures() ? failed : passed);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
