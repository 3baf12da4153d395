// The JavaScript objects of the addon.
#include "objects.h"

#include <algorithm>
#include <cmath>

#include "error.h"
#include "wrap.h"

namespace hornet {
namespace {

Environment& environment(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

std::span<const std::byte> bytesOf(const Napi::Value& view) {
  if (view.IsDataView()) {
    const auto data = view.As<Napi::DataView>();
    return {static_cast<const std::byte*>(data.Data()), data.ByteLength()};
  }
  if (!view.IsTypedArray()) throw Napi::TypeError::New(view.Env(), "[engine] expected a typed array");
  // Not by its ArrayBuffer: it may be a shared one, which is none to N-API.
  void* data = nullptr;
  napi_get_typedarray_info(view.Env(), view, nullptr, nullptr, &data, nullptr, nullptr);
  return {static_cast<const std::byte*>(data), view.As<Napi::TypedArray>().ByteLength()};
}

/// A whole number of things, given by the layers above.
int64_t countOf(const Napi::Value& value) {
  const double number = value.As<Napi::Number>();
  if (!(number >= 0 && number <= double(int64_t(1) << 48) && number == std::floor(number))) {
    throw Napi::RangeError::New(value.Env(), "[engine] expected a whole number, received " + std::to_string(number));
  }
  return int64_t(number);
}

std::vector<BufferRef> buffersOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  std::vector<BufferRef> buffers;
  buffers.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    const Napi::HandleScope scope(value.Env());
    buffers.push_back(JsBuffer::get(array.Get(i)));
  }
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

Napi::Object JsDevice::create(Napi::Env env, const std::string& library, const BackendOptions& options) {
  return construct(env, environment(env).device, library, options);
}

JsDevice::JsDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const auto& library = part<std::string>(info, 0);
  const auto& options = part<BackendOptions>(info, 1);
  engine_ = guarded(info.Env(), [&] { return std::make_shared<Engine>(openBackend(library, options)); });
  auto& engines = environment(info.Env()).engines;
  std::erase_if(engines, [](const auto& weak) { return weak.expired(); });
  engines.push_back(engine_);
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

Napi::Value JsDevice::wrap(Napi::Env env, BufferRef buffer) {
  return construct(env, environment(env).buffer, JsBuffer::Parts{std::move(buffer), environment(env).live});
}

Napi::Value JsDevice::allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    const bool zeroed = info[1].IsUndefined() || info[1].ToBoolean();
    const Contents contents = zeroed ? Contents::zeros : Contents::undefined;
    return wrap(env, environment(env).live->allocate(env, *engine_, size_t(countOf(info[0])), contents));
  });
}

Napi::Value JsDevice::upload(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    const auto bytes = bytesOf(info[0]);
    BufferRef buffer = environment(env).live->allocate(env, *engine_, bytes.size(), Contents::upload);
    // Nobody else knows the buffer yet, so the copy need not wait for the queue.
    engine_->backend().upload(buffer->data(), bytes.data(), bytes.size());
    return wrap(env, std::move(buffer));
  });
}

void JsDevice::write(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const BufferRef& buffer = JsBuffer::get(info[0]);
    const auto bytes = bytesOf(info[1]);
    if (bytes.size() > buffer->bytes()) {
      throw Error("write", "expected at most " + std::to_string(buffer->bytes()) + " bytes, received " +
                               std::to_string(bytes.size()));
    }
    engine_->write(buffer, bytes);
  });
}

void JsDevice::copy(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { engine_->copy(JsBuffer::get(info[0]), JsBuffer::get(info[1])); });
}

/// Opens a promise for `value` and queues what settles it.
template <class Queue>
Napi::Value JsDevice::promise(Napi::Env env, Napi::Value value, Queue&& queue) {
  auto& completions = environment(env).completions;
  auto& pending = completions.open(env, value, engine_);
  const Napi::Value promise = pending.deferred.Promise();
  queue([&completions, &pending](std::exception_ptr error) { completions.settle(pending, std::move(error)); });
  return promise;
}

Napi::Value JsDevice::read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const BufferRef& buffer = JsBuffer::get(info[0]);
    auto array = Napi::ArrayBuffer::New(info.Env(), buffer->bytes());
    return promise(info.Env(), array, [&](Completion done) { engine_->read(buffer, array.Data(), std::move(done)); });
  });
}

Napi::Value JsDevice::sync(const Napi::CallbackInfo& info) {
  return promise(info.Env(), info.Env().Undefined(), [&](Completion done) { engine_->sync(std::move(done)); });
}

Napi::Value JsDevice::compile(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto bytes = bytesOf(info[0]);
    auto program = engine_->load({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    return construct(info.Env(), environment(info.Env()).program, engine_, std::move(program));
  });
}

Napi::Value JsDevice::memory(const Napi::CallbackInfo& info) {
  const MemoryUse& use = engine_->backend().memory();
  const auto object = Napi::Object::New(info.Env());
  object.Set("currentBytes", double(use.current()));
  object.Set("peakBytes", double(use.peak()));
  return object;
}

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
  return guarded(info.Env(),
                 [&] { return std::make_shared<Binding>(program_, buffersOf(info[0]), buffersOf(info[1])); });
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
  engine_->run(binding_, countOf(info[0]));
}

void JsBinding::dispose(const Napi::CallbackInfo&) { binding_.reset(); }

}  // namespace hornet
