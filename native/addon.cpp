// The addon's exports, nothing else.
#include <napi.h>

#include <memory>
#include <string>

#include "backend_library.h"
#include "hash.h"
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

/// Hashes of strings that lie one behind the other: string i ends before byte `ends[i]`.
Napi::Value hashStrings(const Napi::CallbackInfo& info) {
  const auto text = info[0].As<Napi::Uint8Array>();
  const auto ends = info[1].As<Napi::Uint32Array>();
  hornet::hash::Key key;
  if (info[2].IsTypedArray()) {
    const auto words = info[2].As<Napi::BigUint64Array>();
    key = {true, words[0], words[1]};
  }
  auto hashes = Napi::BigUint64Array::New(info.Env(), ends.ElementLength());
  size_t begin = 0;
  for (size_t i = 0; i < ends.ElementLength(); i++) {
    const size_t end = ends[i];
    if (end < begin || end > text.ElementLength())
      throw Napi::Error::New(info.Env(), "[hashStrings] expected ends to rise within the text");
    hashes[i] = hornet::hash::ofText(text.Data() + begin, end - begin, key);
    begin = end;
  }
  return hashes;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<hornet::Environment>(env);
  env.AddCleanupHook([](hornet::Environment* ending) { ending->stop(); }, environment.get());
  env.SetInstanceData(environment.release());
  exports.Set("openDevice", Napi::Function::New(env, openDevice, "openDevice"));
  exports.Set("countGpus", Napi::Function::New(env, countGpus, "countGpus"));
  exports.Set("describeCuda", Napi::Function::New(env, describeCuda, "describeCuda"));
  exports.Set("hashStrings", Napi::Function::New(env, hashStrings, "hashStrings"));
  exports.Set("version", HORNET_VERSION);
  return exports;
}

}  // namespace

NODE_API_MODULE(hornet, init)
