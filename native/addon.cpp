// The addon's exports, nothing else.
#include <napi.h>

#include <memory>
#include <string>

#include "backend_library.h"
#include "objects.h"
#include "wrap.h"

namespace {

using hornet::guarded;

hornet::BackendOptions readOptions(const Napi::Value& value) {
  hornet::BackendOptions options;
  if (!value.IsObject()) return options;
  const auto object = value.As<Napi::Object>();
  const auto read = [&](const char* name, auto& option) {
    using Option = std::remove_reference_t<decltype(option)>;
    const Napi::Value given = object.Get(name);
    if (given.IsUndefined()) return;
    if constexpr (std::is_same_v<Option, bool>) {
      option = given.ToBoolean();
    } else {
      option = Option(given.ToNumber().Int64Value());
    }
  };
  read("index", options.index);
  read("threads", options.threads);
  read("memoryLimit", options.memoryLimit);
  read("allowTf32", options.allowTf32);
  read("deterministic", options.deterministic);
  return options;
}

Napi::Value openDevice(const Napi::CallbackInfo& info) {
  const std::string kind = info[0].ToString();
  const auto options = readOptions(info[1]);
  const std::string library = guarded(info.Env(), [&] { return hornet::findBackendLibrary(kind); });
  return hornet::JsDevice::create(info.Env(), library, options);
}

template <class Function>
Function cudaFunction(const char* name) {
  return reinterpret_cast<Function>(hornet::backendSymbol(hornet::findBackendLibrary("cuda"), name));
}

Napi::Value countGpus(const Napi::CallbackInfo& info) {
  const int count = guarded(info.Env(), [] { return cudaFunction<hornet::CountGpus>("hornetCountGpus")(); });
  return Napi::Number::New(info.Env(), count);
}

Napi::Value describeCuda(const Napi::CallbackInfo& info) {
  std::string json;
  guarded(info.Env(), [&] { cudaFunction<hornet::DescribeCuda>("hornetDescribeCuda")(json); });
  return Napi::String::New(info.Env(), json);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<hornet::Environment>(env);
  env.AddCleanupHook([](hornet::Environment* ending) { ending->stop(); }, environment.get());
  env.SetInstanceData(environment.release());
  exports.Set("openDevice", Napi::Function::New(env, openDevice, "openDevice"));
  exports.Set("countGpus", Napi::Function::New(env, countGpus, "countGpus"));
  exports.Set("describeCuda", Napi::Function::New(env, describeCuda, "describeCuda"));
  exports.Set("version", HORNET_VERSION);
  return exports;
}

}  // namespace

NODE_API_MODULE(hornet, init)
