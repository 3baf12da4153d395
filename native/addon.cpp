// The addon's exports, nothing else.
#include <napi.h>

#include <memory>
#include <string>

#include "objects.h"

namespace {

Napi::Value openDevice(const Napi::CallbackInfo& info) {
  const std::string kind = info[0].ToString();
  if (kind != "cpu") {
    throw Napi::Error::New(info.Env(), "[device] expected the kind of device to be 'cpu', received '" + kind + "'");
  }
  hornet::BackendOptions options;
  if (info[1].IsObject()) {
    const Napi::Value threads = info[1].As<Napi::Object>().Get("threads");
    if (threads.IsNumber()) options.threads = threads.As<Napi::Number>().Int32Value();
  }
  return hornet::JsDevice::create(info.Env(), options);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<hornet::Environment>(env);
  env.AddCleanupHook([](hornet::Environment* ending) { ending->stop(); }, environment.get());
  env.SetInstanceData(environment.release());
  exports.Set("openDevice", Napi::Function::New(env, openDevice, "openDevice"));
  exports.Set("version", HORNET_VERSION);
  return exports;
}

}  // namespace

NODE_API_MODULE(hornet, init)
