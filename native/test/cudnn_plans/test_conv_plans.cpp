// Every form of convolution that the backend asks cuDNN for has a plan.
#include "../../cuda/conv_graph.h"
#include "described.h"

namespace hornet::test {
namespace {

using Sizes = std::vector<int64_t>;

/// A convolution with `same`-like or given padding; sizes of one to three axes.
struct Case {
  const char* name;
  int64_t batch;
  Sizes in;
  int64_t inputs;
  Sizes kernel;
  int64_t outputs;
  Sizes strides, lo, hi, dilation;
  int64_t groups = 1;

  ConvShape shape() const {
    Sizes out;
    for (size_t i = 0; i < in.size(); ++i) {
      out.push_back((in[i] + lo[i] + hi[i] - (kernel[i] - 1) * dilation[i] - 1) / strides[i] + 1);
    }
    const Window window{int(in.size()),        liftSizes(in, 1), liftSizes(out, 1),     liftSizes(kernel, 1),
                        liftSizes(strides, 1), liftSizes(lo, 0), liftSizes(dilation, 1)};
    return {window, batch, inputs, outputs, groups};
  }
};

Case square(const char* name, int64_t batch, int64_t in, int64_t inputs, int64_t kernel, int64_t outputs,
            int64_t stride, int64_t groups = 1) {
  const int64_t reach = std::max<int64_t>(0, ((in + stride - 1) / stride - 1) * stride + kernel - in);
  return {name,
          batch,
          {in, in},
          inputs,
          {kernel, kernel},
          outputs,
          {stride, stride},
          {reach / 2, reach / 2},
          {reach - reach / 2, reach - reach / 2},
          {1, 1},
          groups};
}

/// The convolutions of ResNet-50 and of small examples.
std::vector<Case> commonCases() {
  std::vector<Case> cases = {square("ResNet stem", 128, 224, 3, 7, 64, 2), square("digits 1", 128, 28, 1, 3, 32, 1),
                             square("digits 2", 128, 13, 32, 3, 64, 1), square("color 1", 64, 32, 3, 3, 32, 1),
                             square("strided pair", 32, 32, 64, 4, 128, 2)};
  const int64_t widths[] = {64, 128, 256, 512}, sizes[] = {56, 28, 14, 7};
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t width = widths[stage], size = sizes[stage];
    const int64_t before = stage == 0 ? 64 : 2 * width, stride = stage == 0 ? 1 : 2;
    cases.push_back(square("ResNet reduce first", 128, size * stride, before, 1, width, stride));
    cases.push_back(square("ResNet shortcut", 128, size * stride, before, 1, 4 * width, stride));
    cases.push_back(square("ResNet 3x3", 128, size, width, 3, width, 1));
    cases.push_back(square("ResNet expand", 128, size, width, 1, 4 * width, 1));
    cases.push_back(square("ResNet reduce", 128, size, 4 * width, 1, width, 1));
  }
  return cases;
}

std::vector<Case> unusualCases() {
  return {
      {"odd everything", 4, {9, 11}, 5, {3, 2}, 7, {2, 1}, {1, 0}, {0, 1}, {1, 1}},
      {"one value", 1, {1, 1}, 1, {1, 1}, 1, {1, 1}, {0, 0}, {0, 0}, {1, 1}},
      {"same padding of an even kernel", 8, {28, 28}, 64, {4, 4}, 32, {1, 1}, {1, 1}, {2, 2}, {1, 1}},
      {"same padding of a stride", 8, {28, 28}, 64, {3, 3}, 32, {2, 2}, {0, 0}, {1, 1}, {1, 1}},
      {"dilated", 8, {28, 28}, 64, {3, 3}, 64, {1, 1}, {2, 2}, {2, 2}, {2, 2}},
      {"unread tail", 8, {10, 10}, 8, {2, 2}, 8, {4, 4}, {0, 0}, {0, 0}, {1, 1}},
      {"more padding than kernel", 4, {5, 5}, 8, {2, 2}, 8, {1, 1}, {4, 4}, {4, 4}, {1, 1}},
      {"kernel as large as the image", 4, {8, 8}, 16, {8, 8}, 24, {1, 1}, {0, 0}, {0, 0}, {1, 1}},
      {"large kernel", 4, {64, 64}, 8, {31, 31}, 8, {1, 1}, {15, 15}, {15, 15}, {1, 1}},
      square("32 groups", 32, 28, 128, 3, 128, 1, 32),
      square("2 groups of odd size", 8, 14, 10, 3, 6, 1, 2),
      {"1-D", 32, {500}, 32, {5}, 64, {1}, {2}, {2}, {1}},
      {"1-D causal and dilated", 32, {500}, 32, {3}, 64, {1}, {8}, {0}, {4}},
      {"1-D of one channel", 16, {16000}, 1, {80}, 32, {4}, {0}, {0}, {1}},
      {"3-D", 4, {16, 16, 16}, 16, {3, 3, 3}, 32, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
      {"3-D odd", 2, {15, 16, 9}, 5, {2, 3, 4}, 7, {1, 2, 1}, {0, 1, 1}, {1, 1, 2}, {1, 1, 1}},
      {"3-D grouped", 4, {8, 8, 8}, 32, {3, 3, 3}, 32, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 4},
      {"3-D dilated", 4, {12, 12, 12}, 16, {3, 3, 3}, 32, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}, {2, 2, 2}},
  };
}

void expectPlans(const DescribedGpu& gpu, const Case& c, DType dtype, const cudnn::Rules& rules) {
  const auto expect = [&](const char* form, ConvDirection direction, ConvGraph::Epilogue epilogue) {
    const ConvGraph graph(c.shape(), direction, dtype, epilogue);
    expectPlan(gpu, graph.graph, rules, std::string(dtypeName(dtype)) + " " + c.name + ", " + form);
  };
  expect("forward", ConvDirection::forward, {});
  expect("forward with bias", ConvDirection::forward, {true, false});
  expect("forward with bias and ReLU", ConvDirection::forward, {true, true});
  expect("gradient of the input", ConvDirection::inputGrad, {});
  expect("gradient of the kernel", ConvDirection::kernelGrad, {});
}

void expectPlans(const std::vector<Case>& cases, const std::vector<DType>& dtypes, size_t gpus,
                 const cudnn::Rules& rules) {
  if (!canDescribe()) return;
  for (size_t i = 0; i < gpus; ++i) {
    const DescribedGpu& gpu = describedGpus()[i];
    for (const DType dtype : dtypes) {
      if (!gpu.takes(dtype)) continue;
      for (const Case& c : cases) expectPlans(gpu, c, dtype, rules);
    }
  }
}

constexpr size_t kDataCentre = 2;

TEST("convolutions of usual networks have plans in half precision") {
  expectPlans(commonCases(), {DType::float16, DType::bfloat16}, kDataCentre, {});
}

TEST("convolutions of usual networks have plans in float32, with TF32 and without") {
  cudnn::Rules rules;
  expectPlans(commonCases(), {DType::float32}, kDataCentre, rules);
  rules.allowsTf32 = false;
  expectPlans(commonCases(), {DType::float32}, kDataCentre, rules);
}

TEST("unusual convolutions have plans on every GPU") {
  expectPlans(unusualCases(), {DType::float16, DType::bfloat16, DType::float32}, describedGpus().size(), {});
}

TEST("unusual convolutions have plans in float32 without TF32, and in float64") {
  cudnn::Rules rules;
  rules.allowsTf32 = false;
  expectPlans(unusualCases(), {DType::float32, DType::float64}, describedGpus().size(), rules);
}

TEST("float32 without TF32 does not go to tensor cores") {
  if (!canDescribe()) return;
  const DescribedGpu& gpu = describedGpus()[0];
  const ConvGraph graph(commonCases()[7].shape(), ConvDirection::forward, DType::float32, {});
  cudnn::Rules exact;
  exact.allowsTf32 = false;
  const auto fast = planFor(gpu, graph.graph, {}), slow = planFor(gpu, graph.graph, exact);
  CHECK(fast && slow && fast->name != slow->name);
}

}  // namespace
}  // namespace hornet::test
