// Buffers as JavaScript objects.
#include "js_buffer.h"

#include "error.h"
#include "wrap.h"

namespace hornet {
namespace {

constexpr napi_type_tag kBufferTag = {0x5a0f4c1be2d34d6b, 0x9d2c7c52a1e84f07};

/// What a buffer costs beyond its bytes, roughly.
constexpr size_t kOverhead = 512;
constexpr size_t kSweepBytes = size_t(64) << 20;
/// So much external memory makes V8 collect all garbage at once.
constexpr int64_t kPressure = int64_t(1) << 40;

}  // namespace

BufferRef LiveBuffers::allocate(Napi::Env env, Engine& engine, size_t bytes, Contents contents) {
  bytesSinceSweep_ += bytes + kOverhead;
  if (bytesSinceSweep_ >= kSweepBytes) sweep(env);
  try {
    return engine.allocate(bytes, contents);
  } catch (const Error&) {
    Napi::MemoryManagement::AdjustExternalMemory(env, kPressure);
    Napi::MemoryManagement::AdjustExternalMemory(env, -kPressure);
    sweep(env);
    engine.drain();
    return engine.allocate(bytes, contents);
  }
}

std::list<JsBuffer*>::iterator LiveBuffers::add(JsBuffer* buffer) { return all_.insert(all_.end(), buffer); }

void LiveBuffers::remove(std::list<JsBuffer*>::iterator position) { all_.erase(position); }

void LiveBuffers::sweep(Napi::Env env) {
  bytesSinceSweep_ = 0;
  for (auto next = all_.begin(); next != all_.end();) {
    const Napi::HandleScope scope(env);
    JsBuffer* buffer = *next++;
    if (buffer->Value().IsEmpty()) buffer->drop(env);
  }
}

Napi::Function JsBuffer::define(Napi::Env env) {
  return DefineClass(env, "NativeBuffer",
                     {InstanceMethod<&JsBuffer::dispose>("dispose"), InstanceAccessor<&JsBuffer::bytes>("bytes"),
                      InstanceAccessor<&JsBuffer::disposed>("disposed")});
}

JsBuffer::JsBuffer(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  auto& [buffer, live] = part<Parts>(info, 0);
  Value().TypeTag(&kBufferTag);
  buffer_ = std::move(buffer);
  bytes_ = buffer_->bytes();
  live_ = std::move(live);
  position_ = live_->add(this);
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), int64_t(bytes_ + kOverhead));
}

void JsBuffer::Finalize(Napi::Env env) { drop(env); }

void JsBuffer::drop(Napi::Env env) {
  if (!buffer_) return;
  buffer_.reset();
  live_->remove(position_);
  Napi::MemoryManagement::AdjustExternalMemory(env, -int64_t(bytes_ + kOverhead));
}

const BufferRef& JsBuffer::get(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kBufferTag)) {
    throw Napi::TypeError::New(value.Env(), "[engine] expected a NativeBuffer");
  }
  const BufferRef& buffer = Unwrap(value.As<Napi::Object>())->buffer_;
  if (!buffer) throw Error("tensor", "a tensor is used after dispose()");
  return buffer;
}

void JsBuffer::dispose(const Napi::CallbackInfo& info) { drop(info.Env()); }

Napi::Value JsBuffer::bytes(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), double(bytes_)); }

Napi::Value JsBuffer::disposed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !buffer_); }

}  // namespace hornet
