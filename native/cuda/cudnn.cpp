// The handle of a device, its plans, and running them.
#include "cudnn.h"

#include "cudnn_autotune.h"
#include "timing.h"

namespace hornet {

cudnn::Handle& Device::dnn() {
  if (!dnn_) dnn_ = std::make_shared<cudnn::Handle>(*this);
  return *dnn_;
}

namespace cudnn {
namespace {

cudnnHandle_t makeHandle() {
  cudnnHandle_t handle = nullptr;
  check(functions().cudnnCreate(&handle), "starting cuDNN");
  return handle;
}

}  // namespace

Handle::Handle(Device& device)
    : device_(device),
      handle_(makeHandle()),
      target_(handle_.get()),
      rules_{device.allowsTf32(), device.isDeterministic(), device.memoryBytes() / 16},
      autotunes_(autotunes(device)),
      choices_("plans") {}

cudnnHandle_t Handle::get() {
  if (stream_ != device_.stream()) {
    check(functions().cudnnSetStream(handle_.get(), device_.stream()), "choosing a stream");
    stream_ = device_.stream();
  }
  return handle_.get();
}

std::shared_ptr<const Plan> Handle::plan(const Graph& graph) {
  const std::lock_guard lock(mutex_);
  const std::string text = graph.text();
  std::weak_ptr<const Plan>& known = plans_[text];
  if (auto plan = known.lock()) return plan;
  std::erase_if(plans_, [&](const auto& entry) { return entry.second.expired() && entry.first != text; });
  std::optional<Plan> plan = choose(graph, text);
  if (!plan) return nullptr;
  auto shared = std::make_shared<const Plan>(std::move(*plan));
  known = shared;
  return shared;
}

std::optional<Plan> Handle::choose(const Graph& graph, const std::string& text) {
  if (!autotunes_) return choosePlan(*target_, graph, rules_);
  const std::string problem = device_.name() + " " + std::to_string(device_.capability()) + " cudnn " +
                              std::to_string(functions().cudnnGetVersion()) + (rules_.allowsTf32 ? " tf32\n" : "\n") +
                              text;
  const std::string key = cuda::hashOf(problem);
  const Operations operations(*target_, graph);
  // The file holds the problem, too: two may have one hash.
  if (const auto known = choices_.find(key); known && known->starts_with(problem)) {
    const auto config = namedConfig(*target_, operations, known->substr(problem.size()));
    if (auto plan = config ? makePlan(*target_, *config) : std::nullopt) return plan;
  }
  auto plan = fastestPlan(device_, get(), *target_, graph, operations, rules_);
  if (plan) choices_.store(key, problem + plan->name);
  return plan;
}

Call::Call(Device& device, const std::string& op, const Graph& graph)
    : device_(&device), op_(op), plan_(device.dnn().plan(graph)) {}

void Call::run(std::span<const Operands::Address> operands, void* scratch) {
  try {
    if (!operands_ || !operands_->equal(operands, scratch)) operands_.emplace(operands, scratch);
    operands_->run(device_->dnn().get(), *plan_);
  } catch (const StatusError& error) {
    throw Error(op_, error.what());
  }
}

}  // namespace cudnn
}  // namespace hornet
