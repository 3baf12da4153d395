// The program format: what is well-formed is read, everything else is refused.
#include <random>

#include "program_writer.h"
#include "test.h"

namespace hornet::test {
namespace {

/// result = (x + y) + constant, by way of the arena.
WrittenProgram sample() {
  WrittenProgram program;
  program.arenaBytes = 64;
  program.constants.resize(64);
  program.parameters = 2;
  program.results = 1;
  program.values = {{kFloat32, kParameter, 0, {2, 3}},
                    {kFloat32, kParameter, 1, {2, 3}},
                    {kFloat32, kArena, 0, {2, 3}},
                    {kFloat32, kConstant, 0, {2, 3}},
                    {kFloat32, kResult, 0, {2, 3}}};
  program.steps = {addStep(0, 1, 2), addStep(2, 3, 4)};
  return program;
}

std::string refusal(const WrittenProgram& program) {
  return thrownBy([&] { decode(program.bytes()); });
}

TEST("a program is read as it was written") {
  const Program program = decode(sample().bytes());
  CHECK(program.arenaBytes == 64 && program.constants.size() == 64);
  CHECK(program.parameterBytes == std::vector<size_t>{24, 24} && program.resultBytes == std::vector<size_t>{24});
  CHECK(program.values.size() == 5 && program.values[3].storage == Storage::constant);
  CHECK(program.instructions.size() == 2);
  const Instruction& first = program.instructions[0];
  CHECK(first.op == "elementwise" && first.inputs == std::vector<uint32_t>{0, 1});
  CHECK(first.attrs.string("ops") == "add" && first.attrs.integers("args") == std::vector<int64_t>{0, 1});
  CHECK(describe(program)[0] == "elementwise float32[2,3] float32[2,3] -> float32[2,3]");
}

TEST("an attribute that is missing, of another kind or no integer is an error") {
  Attrs attrs;
  attrs.set("axis", 1.5);
  attrs.set("mode", std::string("add"));
  CHECK(thrownBy([&] { attrs.integer("axis"); }) == "[program] attribute 'axis' is not an integer");
  CHECK(thrownBy([&] { attrs.number("mode"); }) == "[program] attribute 'mode' is of the wrong kind");
  CHECK(thrownBy([&] { attrs.numbers("axes"); }) == "[program] attribute 'axes' is missing");
  CHECK(attrs.string("padding", "valid") == "valid" && !attrs.flag("reverse"));
}

TEST("a malformed program is refused") {
  const auto refused = [](auto change) {
    WrittenProgram program = sample();
    change(program);
    return refusal(program).starts_with("[program] ");
  };
  CHECK(refusal(sample()).empty());
  CHECK(refused([](auto& p) { p.magic = 1; }));
  CHECK(refused([](auto& p) { p.version = 2; }));
  CHECK(refused([](auto& p) { p.arenaBytes = uint64_t(1) << 60; }));
  CHECK(refused([](auto& p) { p.arenaBytes = 23; }));
  CHECK(refused([](auto& p) { p.constants.resize(23); }));
  CHECK(refused([](auto& p) { p.parameters = 1; }));
  CHECK(refused([](auto& p) { p.results = 0; }));
  CHECK(refused([](auto& p) { p.results = 1000000; }));
  CHECK(refused([](auto& p) { p.values[0].dtype = kDTypeCount; }));
  CHECK(refused([](auto& p) { p.values[0].storage = 4; }));
  CHECK(refused([](auto& p) { p.values[2].place = 44; }));
  CHECK(refused([](auto& p) { p.values[2].place = 2; }));
  CHECK(refused([](auto& p) { p.values[2].place = ~uint64_t(0) - 3; }));
  CHECK(refused([](auto& p) { p.values[0].dims = {uint64_t(1) << 40, uint64_t(1) << 40}; }));
  CHECK(refused([](auto& p) { p.values[0].dims = {0, ~uint64_t(0)}; }));
  CHECK(refused([](auto& p) { p.values[0].dims.assign(17, 1); }));
  CHECK(refused([](auto& p) { p.steps[0].inputs[0] = 5; }));
  CHECK(refused([](auto& p) { p.steps[0].outputs[0] = 3; }));
}

TEST("a truncated program is refused") {
  const std::vector<uint8_t> bytes = sample().bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!thrownBy([&] { decode(std::span(bytes).first(size)); }).empty());
  }
  std::vector<uint8_t> longer = bytes;
  longer.push_back(0);
  CHECK(!thrownBy([&] { decode(longer); }).empty());
}

TEST("damaged bytes are read or refused, never followed out of bounds") {
  std::mt19937 random(1);
  const std::vector<uint8_t> bytes = sample().bytes();
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> damaged = bytes;
    for (int changes = 1 + int(random() % 4); changes > 0; --changes) {
      constexpr uint8_t interesting[] = {0, 1, 2, 3, 16, 127, 128, 255};
      damaged[random() % damaged.size()] = random() % 2 ? interesting[random() % 8] : uint8_t(random());
    }
    const std::string message = thrownBy([&] { decode(damaged); });
    CHECK(message.empty() || message.starts_with("[program] "));
  }
}

}  // namespace
}  // namespace hornet::test
