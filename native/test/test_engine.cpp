// The engine on the CPU backend: order, errors, memory, and ending with work at hand.
#include <chrono>
#include <future>

#include "../engine.h"
#include "program_writer.h"
#include "test.h"

extern "C" hornet::Backend* hornetOpenBackend(int version, const hornet::BackendOptions& options);

namespace hornet::test {
namespace {

std::shared_ptr<Backend> openCpu() { return std::shared_ptr<Backend>(hornetOpenBackend(kBackendVersion, {})); }

/// An engine with blocking calls around its queue.
struct TestEngine : Engine {
  TestEngine() : Engine(openCpu()) {}

  BufferRef upload(const std::vector<float>& values) {
    BufferRef buffer = allocate(values.size() * sizeof(float), Contents::zeros);
    write(buffer, std::as_bytes(std::span(values)));
    return buffer;
  }

  std::vector<float> download(const BufferRef& buffer) {
    std::vector<float> values(buffer->bytes() / sizeof(float));
    std::promise<void> done;
    read(buffer, values.data(),
         [&](std::exception_ptr error) { error ? done.set_exception(error) : done.set_value(); });
    done.get_future().get();
    return values;
  }

  std::string syncError() {
    std::promise<void> done;
    sync([&](std::exception_ptr error) { error ? done.set_exception(error) : done.set_value(); });
    return thrownBy([&] { done.get_future().get(); });
  }

  std::shared_ptr<Binding> bind(const WrittenProgram& program, std::vector<BufferRef> parameters,
                                std::vector<BufferRef> results) {
    return std::make_shared<Binding>(load(program.bytes()), std::move(parameters), std::move(results));
  }
};

/// result = x + y for `size` floats.
WrittenProgram addition(uint64_t size) {
  WrittenProgram program;
  program.parameters = 2;
  program.results = 1;
  program.values = {
      {kFloat32, kParameter, 0, {size}}, {kFloat32, kParameter, 1, {size}}, {kFloat32, kResult, 0, {size}}};
  program.steps = {addStep(0, 1, 2)};
  return program;
}

/// x = x + y in place.
WrittenProgram accumulation(uint64_t size) {
  WrittenProgram program = addition(size);
  program.results = 0;
  program.values.pop_back();
  program.steps = {addStep(0, 1, 0)};
  return program;
}

/// result = x[index], which is out of bounds for index 5; then x = x + x.
WrittenProgram failing() {
  WrittenProgram program;
  program.parameters = 2;
  program.results = 1;
  program.values = {{kFloat32, kParameter, 0, {2}}, {kInt32, kParameter, 1, {1}}, {kFloat32, kResult, 0, {1}}};
  program.steps = {{"gather", {0, 1}, {2}, {{"axis", 0.0}}}, addStep(0, 0, 0)};
  return program;
}

constexpr const char* kOutOfBounds = "[gather] index 5 is out of bounds for axis 0 with size 2";

TEST("the engine works in the order of the calls") {
  TestEngine engine;
  const BufferRef x = engine.upload({1, 2, 3}), y = engine.upload({10, 20, 30});
  const BufferRef sum = engine.allocate(12, Contents::zeros), before = engine.allocate(12, Contents::zeros);
  const auto add = engine.bind(addition(3), {x, y}, {sum});
  engine.run(add, 1);
  engine.copy(sum, before);
  const std::vector<float> other = {4, 5, 6};
  engine.write(x, std::as_bytes(std::span(other)));
  engine.run(add, 1);
  CHECK(engine.download(before) == std::vector<float>{11, 22, 33});
  CHECK(engine.download(sum) == std::vector<float>{14, 25, 36});
}

TEST("a binding runs several times in a row and updates its parameters") {
  TestEngine engine;
  const BufferRef x = engine.upload({0, 0}), y = engine.upload({1, 2});
  engine.run(engine.bind(accumulation(2), {x, y}, {}), 1000);
  CHECK(engine.download(x) == std::vector<float>{1000, 2000});
}

TEST("one program runs on different memory by turns") {
  TestEngine engine;
  const BufferRef x = engine.upload({1}), y = engine.upload({2}), a = engine.allocate(4, Contents::zeros),
                  b = engine.allocate(4, Contents::zeros);
  const auto program = engine.load(addition(1).bytes());
  const auto first = std::make_shared<Binding>(program, std::vector{x, y}, std::vector{a});
  const auto second = std::make_shared<Binding>(program, std::vector{a, y}, std::vector{b});
  for (int i = 0; i < 3; ++i) {
    engine.run(first, 1);
    engine.run(second, 1);
  }
  CHECK(engine.download(a) == std::vector<float>{3} && engine.download(b) == std::vector<float>{5});
}

TEST("a failed run poisons its results and what is computed from them, but not its parameters") {
  TestEngine engine;
  const BufferRef x = engine.upload({1, 2}), index = engine.upload({0}), picked = engine.upload({7});
  const int32_t five = 5, one = 1;
  const BufferRef sum = engine.allocate(4, Contents::zeros);
  const auto pick = engine.bind(failing(), {x, index}, {picked});
  const auto add = engine.bind(addition(1), {picked, picked}, {sum});
  engine.write(index, std::as_bytes(std::span(&five, 1)));
  engine.run(pick, 1);
  engine.run(add, 1);
  CHECK(thrownBy([&] { engine.download(picked); }) == kOutOfBounds);
  CHECK(thrownBy([&] { engine.download(sum); }) == kOutOfBounds);
  CHECK(engine.download(x) == std::vector<float>{1, 2});
  CHECK(engine.syncError() == kOutOfBounds);
  CHECK(engine.syncError().empty());

  engine.write(index, std::as_bytes(std::span(&one, 1)));
  engine.run(pick, 1);
  engine.run(add, 1);
  CHECK(engine.download(sum) == std::vector<float>{4} && engine.download(x) == std::vector<float>{2, 4});
}

TEST("a program that cannot be made ready fails with the name of its op") {
  TestEngine engine;
  WrittenProgram program = addition(2);
  program.steps[0].op = "transpose";
  program.steps[0].inputs = {0};
  const BufferRef x = engine.upload({1, 2}), result = engine.allocate(8, Contents::zeros);
  engine.run(engine.bind(program, {x, x}, {result}), 1);
  CHECK(!engine.syncError().empty());
  CHECK(!thrownBy([&] { engine.download(result); }).empty());
  program.steps[0].op = "no_such_op";
  CHECK(thrownBy([&] { engine.load(program.bytes()); }) == "[no_such_op] the cpu backend has no kernel for this op");
}

TEST("a binding checks number and size of its buffers") {
  TestEngine engine;
  const BufferRef x = engine.upload({1, 2}), small = engine.upload({1});
  CHECK(thrownBy([&] { engine.bind(addition(2), {x}, {x}); }) == "[program] expected 2 parameters, received 1");
  CHECK(thrownBy([&] {
          engine.bind(addition(2), {x, small}, {x});
        }) == "[program] expected parameter 1 to have 8 bytes, received 4");
}

TEST("programs share one workspace, and buffers are counted until they are dropped") {
  TestEngine engine;
  const MemoryUse& use = engine.backend().memory();
  {
    const BufferRef x = engine.upload({1}), result = engine.allocate(4, Contents::zeros);
    for (const uint64_t floats : {1 << 18, 1 << 19, 1 << 17}) {
      WrittenProgram program = addition(1);
      program.arenaBytes = floats * 4;
      engine.run(engine.bind(program, {x, x}, {result}), 1);
    }
    CHECK(engine.download(result) == std::vector<float>{2});
    CHECK(use.current() >= size_t(1 << 21) && use.current() < size_t(1 << 21) + (1 << 20));
  }
  engine.syncError();
  CHECK(use.current() < size_t(1 << 21) + (1 << 20));
  CHECK(use.peak() >= use.current());
}

TEST("memory that cannot be had is an error") {
  TestEngine engine;
  for (const size_t bytes : {size_t(1) << 46, size_t(1) << 62, ~size_t(0)}) {
    CHECK(thrownBy([&] { engine.allocate(bytes, Contents::zeros); }).starts_with("[memory] cannot allocate"));
  }
  WrittenProgram program = addition(1);
  program.arenaBytes = uint64_t(1) << 47;
  const BufferRef x = engine.upload({1}), result = engine.allocate(4, Contents::zeros);
  engine.run(engine.bind(program, {x, x}, {result}), 1);
  CHECK(thrownBy([&] { engine.download(result); }).starts_with("[memory] cannot allocate"));
  engine.run(engine.bind(addition(1), {x, x}, {result}), 1);
  CHECK(engine.download(result) == std::vector<float>{2});
}

TEST("an engine stops between two runs and drops what is queued") {
  const auto start = std::chrono::steady_clock::now();
  {
    TestEngine engine;
    const BufferRef x = engine.allocate(4 << 16, Contents::zeros);
    const auto endless = engine.bind(accumulation(1 << 16), {x, x}, {});
    for (int i = 0; i < 1000; ++i) engine.run(endless, int64_t(1) << 40);
    std::vector<float> never(1 << 16);
    engine.read(x, never.data(), [](std::exception_ptr) { std::abort(); });
    engine.stop();
    engine.run(endless, 1);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST("calls from several threads are queued one by one") {
  TestEngine engine;
  const BufferRef x = engine.upload({0}), y = engine.upload({1});
  const auto add = engine.bind(accumulation(1), {x, y}, {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) engine.run(add, 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(engine.download(x) == std::vector<float>{8000});
}

}  // namespace
}  // namespace hornet::test
