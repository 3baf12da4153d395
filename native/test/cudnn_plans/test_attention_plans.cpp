// Attention in half precision and its gradients have plans wherever the backend asks cuDNN for them. cuDNN compiles an
// engine for each: all cases are asked for with HORNET_TEST_ALL=1 only, else the usual one on Hopper.
#include "../../cuda/attention_graph.h"
#include "described.h"

#include <cstdlib>

namespace hornet::test {
namespace {

struct Case {
  int64_t queries, keys, heads, kvHeads, depth;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {64, 64, 8, 8, 64},      {1024, 1024, 12, 12, 64}, {1024, 1024, 16, 16, 128}, {64, 64, 8, 2, 128},
      {1024, 1024, 16, 4, 64}, {100, 77, 8, 8, 64},      {130, 150, 4, 2, 16},      {7, 3, 2, 1, 8},
      {1, 1000, 8, 8, 64},     {4096, 4096, 32, 8, 128},
  };
  return list;
}

void expectPlans(const DescribedGpu& gpu, const Case& c, DType dtype, bool isCausal, const cudnn::Rules& rules) {
  AttentionShape s;
  s.batch = 4, s.queries = c.queries, s.keys = c.keys, s.heads = c.heads, s.kvHeads = c.kvHeads, s.depth = c.depth;
  s.scale = 1, s.isCausal = isCausal;
  const std::string what = std::string(dtypeName(dtype)) + (isCausal ? " causal" : "") + " attention of " +
                           std::to_string(c.queries) + " to " + std::to_string(c.keys) + ", heads " +
                           std::to_string(c.heads) + ":" + std::to_string(c.kvHeads) + " of " + std::to_string(c.depth);
  expectPlan(gpu, attentionGraph(s, dtype).graph, rules, what);
  expectPlan(gpu, attentionGradGraph(s, dtype, rules.isDeterministic).graph, rules,
             what + (rules.isDeterministic ? ", deterministic gradients" : ", gradients"));
}

/// On those GPUs that such attention goes to cuDNN on.
void expectPlans(bool isDeterministic) {
  if (!canDescribe()) return;
  cudnn::Rules rules;
  rules.isDeterministic = isDeterministic;
  const bool wantsAll = std::getenv("HORNET_TEST_ALL");
  for (const DescribedGpu& gpu : describedGpus()) {
    const bool isHopper = gpu.capability / 10 == 9;
    if (gpu.capability < 80 || ((isDeterministic || !wantsAll) && !isHopper)) continue;
    if (!wantsAll) {
      expectPlans(gpu, {1024, 1024, 12, 12, 64}, DType::bfloat16, true, rules);
      continue;
    }
    for (const DType dtype : {DType::float16, DType::bfloat16}) {
      for (const Case& c : cases()) {
        for (const bool isCausal : {false, true}) expectPlans(gpu, c, dtype, isCausal, rules);
      }
    }
  }
}

TEST("attention has plans in half precision") { expectPlans(false); }

TEST("attention has deterministic plans in half precision") { expectPlans(true); }

}  // namespace
}  // namespace hornet::test
