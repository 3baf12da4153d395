// The JavaScript object of device memory, and when that memory is freed.
#pragma once

#include <napi.h>

#include <list>
#include <memory>

#include "engine.h"

namespace hornet {

class JsBuffer;

/// The buffers of an environment. Node-API finalizes dropped objects only between JavaScript's tasks; a loop that makes
/// tensors and never awaits would fill the memory. So this looks now and then for buffers whose objects are gone.
class LiveBuffers {
 public:
  /// Device memory for a buffer that is made next. Where there is none left, collects garbage and lets the engine
  /// finish before it tries again; throws the Error of that attempt.
  BufferRef allocate(Napi::Env env, Engine& engine, size_t bytes, Contents contents);
  std::list<JsBuffer*>::iterator add(JsBuffer* buffer);
  void remove(std::list<JsBuffer*>::iterator position);

 private:
  void sweep(Napi::Env env);

  std::list<JsBuffer*> all_;
  size_t bytesSinceSweep_ = 0;
};

class JsBuffer : public Napi::ObjectWrap<JsBuffer> {
 public:
  /// What the constructor takes, in an external.
  struct Parts {
    BufferRef buffer;
    std::shared_ptr<LiveBuffers> live;
  };

  static Napi::Function define(Napi::Env env);
  explicit JsBuffer(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;
  /// Lets go of the memory; it is freed after its last queued use.
  void drop(Napi::Env env);
  /// The buffer of an argument; throws when it is something else or has been disposed.
  static const BufferRef& get(const Napi::Value& value);

 private:
  void dispose(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  Napi::Value disposed(const Napi::CallbackInfo& info);

  BufferRef buffer_;
  size_t bytes_ = 0;
  std::shared_ptr<LiveBuffers> live_;
  std::list<JsBuffer*>::iterator position_;
};

}  // namespace hornet
