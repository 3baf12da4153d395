// A test runner in a page: TEST("what holds") { CHECK(condition); }. No fixtures, no matchers.
#pragma once

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace hornet::test {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

/// Failed checks of the test that runs.
inline int& failures() {
  static int count = 0;
  return count;
}

struct TestRegistration {
  TestRegistration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

inline void check(bool holds, const char* condition, const char* file, int line) {
  if (!holds && ++failures() <= 10) std::printf("  %s:%d: %s\n", file, line, condition);
}

/// The message of what `body` throws; empty when it throws nothing.
template <class F>
std::string thrownBy(F&& body) {
  try {
    body();
  } catch (const std::exception& exception) {
    return exception.what();
  }
  return {};
}

}  // namespace hornet::test

#define HORNET_TEST_NAME_(line) test_at_line_##line
#define HORNET_TEST_NAME(line) HORNET_TEST_NAME_(line)
#define HORNET_TEST(name, body)                                         \
  static void body();                                                   \
  static const ::hornet::test::TestRegistration body##_run(name, body); \
  static void body()
#define HORNET_TEST_EXPANDED(name, body) HORNET_TEST(name, body)
#define TEST(name) HORNET_TEST_EXPANDED(name, HORNET_TEST_NAME(__LINE__))
#define CHECK(...) ::hornet::test::check(bool(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
