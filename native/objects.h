// The JavaScript objects of device, program and binding. Thin: all work is the engine's.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "completions.h"
#include "engine.h"
#include "js_buffer.h"

namespace hornet {

/// What one environment (main thread, worker, context) owns.
struct Environment {
  explicit Environment(Napi::Env env);
  void stop();

  Completions completions;
  Napi::FunctionReference device, buffer, program, binding;
  std::shared_ptr<LiveBuffers> live = std::make_shared<LiveBuffers>();
  // Weak: a device that nobody holds any more ends its thread.
  std::vector<std::weak_ptr<Engine>> engines;
};

class JsDevice : public Napi::ObjectWrap<JsDevice> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, const std::string& library, const BackendOptions& options);
  explicit JsDevice(const Napi::CallbackInfo& info);

 private:
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value kernels(const Napi::CallbackInfo& info);
  Napi::Value allocate(const Napi::CallbackInfo& info);
  Napi::Value upload(const Napi::CallbackInfo& info);
  void write(const Napi::CallbackInfo& info);
  void copy(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value compile(const Napi::CallbackInfo& info);
  Napi::Value sync(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value wrap(Napi::Env env, BufferRef buffer);
  template <class Queue>
  Napi::Value promise(Napi::Env env, Napi::Value value, Queue&& queue);

  std::shared_ptr<Engine> engine_;
};

class JsProgram : public Napi::ObjectWrap<JsProgram> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit JsProgram(const Napi::CallbackInfo& info);

 private:
  std::shared_ptr<Binding> makeBinding(const Napi::CallbackInfo& info) const;
  Napi::Value arenaBytes(const Napi::CallbackInfo& info);
  Napi::Value bind(const Napi::CallbackInfo& info);
  void run(const Napi::CallbackInfo& info);
  Napi::Value explain(const Napi::CallbackInfo& info);

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<PreparedProgram> program_;
};

class JsBinding : public Napi::ObjectWrap<JsBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit JsBinding(const Napi::CallbackInfo& info);

 private:
  void run(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info);

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Binding> binding_;
};

}  // namespace hornet
