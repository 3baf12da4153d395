// The JavaScript objects of the addon.
#include "objects.h"

#include <cstring>

namespace hornet {
namespace {

Environment& environment(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

/// Native parts travel to constructors of wrapped objects as externals that live as long as the call.
template <class... Parts>
Napi::Object construct(Napi::Env env, const Napi::FunctionReference& constructor, Parts... parts) {
  return constructor.New({Napi::External<Parts>::New(env, &parts)...});
}

template <class T>
T& part(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsExternal()) throw Napi::TypeError::New(info.Env(), "[engine] this class is internal");
  return *info[index].As<Napi::External<T>>().Data();
}

std::span<const uint8_t> bytesOf(const Napi::Value& view) {
  const auto array = view.As<Napi::TypedArray>();
  return {static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
}

BufferRef bufferOf(Napi::Env env, const Napi::Value& value) {
  return JsBuffer::Unwrap(value.As<Napi::Object>())->get(env);
}

std::vector<BufferRef> buffersOf(Napi::Env env, const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<BufferRef> buffers;
  buffers.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) buffers.push_back(bufferOf(env, array.Get(i)));
  return buffers;
}

Napi::Array toArray(Napi::Env env, const std::vector<std::string>& lines) {
  const auto array = Napi::Array::New(env, lines.size());
  for (uint32_t i = 0; i < lines.size(); ++i) array.Set(i, lines[i]);
  return array;
}

}  // namespace

Environment::Environment(Napi::Env env) : completions(env) {
  device = Napi::Persistent(JsDevice::define(env));
  buffer = Napi::Persistent(JsBuffer::define(env));
  program = Napi::Persistent(JsProgram::define(env));
  binding = Napi::Persistent(JsBinding::define(env));
}

void Environment::stop() {
  for (const auto& weak : engines) {
    if (const auto engine = weak.lock()) engine->stop();
  }
  completions.close();
}

Napi::Function JsDevice::define(Napi::Env env) {
  return DefineClass(env, "NativeDevice",
                     {InstanceMethod<&JsDevice::info>("info"), InstanceMethod<&JsDevice::kernels>("kernels"),
                      InstanceMethod<&JsDevice::allocate>("allocate"), InstanceMethod<&JsDevice::upload>("upload"),
                      InstanceMethod<&JsDevice::write>("write"), InstanceMethod<&JsDevice::copy>("copy"),
                      InstanceMethod<&JsDevice::read>("read"), InstanceMethod<&JsDevice::compile>("compile"),
                      InstanceMethod<&JsDevice::sync>("sync"), InstanceMethod<&JsDevice::memory>("memory")});
}

JsDevice::JsDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  engine_ = guarded(info.Env(), [&] {
    return std::make_shared<Engine>(openBackend(findCpuLibrary(), part<BackendOptions>(info, 0)));
  });
  environment(info.Env()).engines.push_back(engine_);
}

Napi::Value JsDevice::info(const Napi::CallbackInfo& call) {
  const BackendInfo info = engine_->backend().info();
  const auto object = Napi::Object::New(call.Env());
  object.Set("name", info.name);
  object.Set("library", info.library);
  object.Set("level", info.level);
  object.Set("memoryBytes", double(info.memoryBytes));
  object.Set("threads", info.threads);
  return object;
}

Napi::Value JsDevice::kernels(const Napi::CallbackInfo& info) {
  return toArray(info.Env(), engine_->backend().kernels());
}

Napi::Value JsDevice::allocate(const Napi::CallbackInfo& info) {
  const auto bytes = size_t(info[0].As<Napi::Number>().Int64Value());
  return guarded(info.Env(), [&] { return JsBuffer::create(info.Env(), engine_->allocate(bytes)); });
}

Napi::Value JsDevice::upload(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto bytes = bytesOf(info[0]);
    BufferRef buffer = engine_->allocate(bytes.size());
    // Nobody else knows the buffer yet, so the copy need not wait for the queue.
    engine_->backend().copyIn(buffer->data(), bytes.data(), bytes.size());
    return JsBuffer::create(info.Env(), std::move(buffer));
  });
}

void JsDevice::write(const Napi::CallbackInfo& info) {
  BufferRef buffer = bufferOf(info.Env(), info[0]);
  const auto bytes = bytesOf(info[1]);
  if (bytes.size() > buffer->bytes()) throw Napi::RangeError::New(info.Env(), "[write] the data exceeds the buffer");
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  engine_->copyIn(std::move(buffer), {begin, begin + bytes.size()});
}

void JsDevice::copy(const Napi::CallbackInfo& info) {
  engine_->copy(bufferOf(info.Env(), info[0]), bufferOf(info.Env(), info[1]));
}

Napi::Value JsDevice::read(const Napi::CallbackInfo& info) {
  BufferRef buffer = bufferOf(info.Env(), info[0]);
  const auto array = Napi::ArrayBuffer::New(info.Env(), buffer->bytes());
  void* data = const_cast<Napi::ArrayBuffer&>(array).Data();
  auto& completions = environment(info.Env()).completions;
  const auto pending = completions.open(info.Env(), array);
  engine_->copyOut(std::move(buffer), data, [&completions, pending](std::exception_ptr error) {
    completions.settle(pending, std::move(error));
  });
  return pending->deferred.Promise();
}

Napi::Value JsDevice::compile(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return construct(info.Env(), environment(info.Env()).program, engine_, engine_->load(bytesOf(info[0])));
  });
}

Napi::Value JsDevice::sync(const Napi::CallbackInfo& info) {
  auto& completions = environment(info.Env()).completions;
  const auto pending = completions.open(info.Env(), info.Env().Undefined());
  engine_->sync([&completions, pending](std::exception_ptr error) { completions.settle(pending, std::move(error)); });
  return pending->deferred.Promise();
}

Napi::Value JsDevice::memory(const Napi::CallbackInfo& info) {
  const auto object = Napi::Object::New(info.Env());
  object.Set("currentBytes", double(engine_->memory().current));
  object.Set("peakBytes", double(engine_->memory().peak));
  return object;
}

Napi::Function JsBuffer::define(Napi::Env env) {
  return DefineClass(env, "NativeBuffer",
                     {InstanceMethod<&JsBuffer::dispose>("dispose"), InstanceAccessor<&JsBuffer::bytes>("bytes"),
                      InstanceAccessor<&JsBuffer::disposed>("disposed")});
}

Napi::Object JsBuffer::create(Napi::Env env, BufferRef buffer) {
  return construct(env, environment(env).buffer, std::move(buffer));
}

JsBuffer::JsBuffer(const Napi::CallbackInfo& info) : ObjectWrap(info), buffer_(part<BufferRef>(info, 0)) {
  bytes_ = buffer_->bytes();
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), int64_t(bytes_));
}

void JsBuffer::Finalize(Napi::Env env) { drop(env); }

void JsBuffer::drop(Napi::Env env) {
  if (!buffer_) return;
  buffer_.reset();
  Napi::MemoryManagement::AdjustExternalMemory(env, -int64_t(bytes_));
}

const BufferRef& JsBuffer::get(Napi::Env env) const {
  if (!buffer_) throw Napi::Error::New(env, "[tensor] a tensor is used after dispose()");
  return buffer_;
}

void JsBuffer::dispose(const Napi::CallbackInfo& info) { drop(info.Env()); }

Napi::Value JsBuffer::bytes(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), double(bytes_)); }

Napi::Value JsBuffer::disposed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !buffer_); }

Napi::Function JsProgram::define(Napi::Env env) {
  return DefineClass(env, "NativeProgram",
                     {InstanceAccessor<&JsProgram::arenaBytes>("arenaBytes"), InstanceMethod<&JsProgram::bind>("bind"),
                      InstanceMethod<&JsProgram::run>("run"), InstanceMethod<&JsProgram::explain>("explain")});
}

JsProgram::JsProgram(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      engine_(part<std::shared_ptr<Engine>>(info, 0)),
      program_(part<std::shared_ptr<PreparedProgram>>(info, 1)) {}

std::shared_ptr<Binding> JsProgram::makeBinding(const Napi::CallbackInfo& info) const {
  return guarded(info.Env(), [&] {
    return std::make_shared<Binding>(program_, buffersOf(info.Env(), info[0]), buffersOf(info.Env(), info[1]));
  });
}

Napi::Value JsProgram::arenaBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(program_->program().arenaBytes));
}

Napi::Value JsProgram::bind(const Napi::CallbackInfo& info) {
  return construct(info.Env(), environment(info.Env()).binding, engine_, makeBinding(info));
}

void JsProgram::run(const Napi::CallbackInfo& info) { engine_->run(makeBinding(info), 1); }

Napi::Value JsProgram::explain(const Napi::CallbackInfo& info) { return toArray(info.Env(), program_->explain()); }

Napi::Function JsBinding::define(Napi::Env env) {
  return DefineClass(env, "NativeBinding",
                     {InstanceMethod<&JsBinding::run>("run"), InstanceMethod<&JsBinding::dispose>("dispose")});
}

JsBinding::JsBinding(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      engine_(part<std::shared_ptr<Engine>>(info, 0)),
      binding_(part<std::shared_ptr<Binding>>(info, 1)) {}

void JsBinding::run(const Napi::CallbackInfo& info) {
  if (!binding_) throw Napi::Error::New(info.Env(), "[program] a binding is used after dispose()");
  engine_->run(binding_, info[0].As<Napi::Number>().Int32Value());
}

void JsBinding::dispose(const Napi::CallbackInfo&) { binding_.reset(); }

}  // namespace hornet
