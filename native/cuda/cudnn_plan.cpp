// Heuristics, engines' notes and knobs, execution plans.
#include "cudnn_plan.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace hornet::cudnn {
namespace {

bool isAllowed(const Descriptor& engine, const Rules& rules, bool multipliesFloat32) {
  const auto notes =
      engine.list<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  const auto has = [&](cudnnBackendNumericalNote_t note) {
    return std::find(notes.begin(), notes.end(), note) != notes.end();
  };
  if (rules.isDeterministic && has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return false;
  if (has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) return false;
  if (!multipliesFloat32) return true;
  if (has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)) return false;
  // Tensor cores take float32 as TF32 only; the transforms lose digits, too.
  return rules.allowsTf32 || !(has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) || has(CUDNN_NUMERICAL_NOTE_WINOGRAD) ||
                               has(CUDNN_NUMERICAL_NOTE_FFT));
}

Descriptor engineOf(const Descriptor& config) {
  return std::move(config.list(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1).at(0));
}

std::string nameOf(const Descriptor& config, const Descriptor& engine) {
  std::string name = std::to_string(engine.get<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
  for (const Descriptor& knob :
       config.list(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, CUDNN_KNOB_TYPE_COUNTS)) {
    name += " " + std::to_string(int(knob.get<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE))) + "=" +
            std::to_string(knob.get<int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
  }
  return name;
}

/// Runs fn; nothing where the library fails: it may refuse an engine as late as when its plan is made.
template <class Fn>
auto attempt(Fn fn) -> std::optional<decltype(fn())> {
  try {
    return fn();
  } catch (const StatusError&) {
    return std::nullopt;
  }
}

}  // namespace

Target::Target(const std::string& properties) : properties_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) {
  properties_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, properties).finalize();
}

void Target::apply(Descriptor& descriptor, std::optional<cudnnBackendAttributeName_t> handleName,
                   std::optional<cudnnBackendAttributeName_t> propertiesName) const {
  if (properties_) {
    if (propertiesName) descriptor.set(*propertiesName, *properties_);
  } else if (handleName) {
    descriptor.setRaw(*handleName, CUDNN_TYPE_HANDLE, 1, &handle_);
  }
}

Operations::Operations(const Target& target, const Graph& graph)
    : descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR), multipliesFloat32(graph.multipliesFloat32()) {
  target.apply(descriptor, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, std::nullopt);
  descriptor.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, graph.operations()).finalize();
}

std::vector<EngineConfig> suggest(const Target& target, const Operations& operations, cudnnBackendHeurMode_t mode,
                                  const Rules& rules) {
  Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, operations.descriptor).set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  target.apply(heuristic, std::nullopt, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
  std::vector<EngineConfig> allowed;
  if (!attempt([&] { return heuristic.finalize().get(); })) return allowed;
  for (Descriptor& config : heuristic.list(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
    const Descriptor engine = engineOf(config);
    if (!isAllowed(engine, rules, operations.multipliesFloat32)) continue;
    std::string name = nameOf(config, engine);
    allowed.push_back({std::move(config), std::move(name)});
  }
  return allowed;
}

std::optional<EngineConfig> namedConfig(const Target& target, const Operations& operations, const std::string& name) {
  std::istringstream words(name);
  int64_t index = 0;
  if (!(words >> index)) return std::nullopt;
  return attempt([&] {
    Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, operations.descriptor).set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, index);
    target.apply(engine, std::nullopt, CUDNN_ATTR_ENGINE_DEVICEPROP);
    engine.finalize();
    std::vector<Descriptor> knobs;
    int type = 0;
    char equals = 0;
    for (int64_t value = 0; words >> type >> equals >> value;) {
      Descriptor& knob = knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
      knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, cudnnBackendKnobType_t(type))
          .set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value)
          .finalize();
    }
    Descriptor config(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    config.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (!knobs.empty()) config.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, knobs);
    return EngineConfig{std::move(config).finalize(), name};
  });
}

std::optional<Plan> makePlan(const Target& target, const EngineConfig& config) {
  return attempt([&] {
    Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    target.apply(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config.descriptor).finalize();
    const size_t workspace = size_t(plan.get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
    return Plan{std::move(plan), config.name, workspace};
  });
}

std::optional<Plan> choosePlan(const Target& target, const Graph& graph, const Rules& rules) {
  const Operations operations(target, graph);
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    for (const EngineConfig& config : suggest(target, operations, mode, rules)) {
      std::optional<Plan> plan = makePlan(target, config);
      if (plan && plan->workspaceBytes <= rules.workspaceLimit) return plan;
    }
  }
  return std::nullopt;
}

Operands::Operands(std::span<const Address> addresses, void* workspace)
    : addresses_(addresses.begin(), addresses.end()),
      workspace_(workspace),
      pack_(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR) {
  std::vector<int64_t> ids;
  std::vector<const void*> pointers;
  for (const auto& [id, pointer] : addresses) {
    ids.push_back(id);
    pointers.push_back(pointer);
  }
  pack_.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids)
      .setRaw(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, int64_t(pointers.size()), pointers.data())
      .setRaw(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace)
      .finalize();
}

bool Operands::equal(std::span<const Address> addresses, void* workspace) const {
  return workspace == workspace_ &&
         std::equal(addresses.begin(), addresses.end(), addresses_.begin(), addresses_.end());
}

void Operands::run(cudnnHandle_t handle, const Plan& plan) const {
  check(functions().cudnnBackendExecute(handle, plan.descriptor.get(), pack_.get()), "running a plan");
}

}  // namespace hornet::cudnn
