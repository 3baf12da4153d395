// Settling promises from the engine's thread.
#include "completions.h"

#include <utility>

namespace hornet {

Napi::Value toJsError(Napi::Env env, const std::exception_ptr& error) {
  std::string message;
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    message = "[memory] out of memory";
  } catch (const std::exception& exception) {
    message = exception.what();
  } catch (...) {
    message = "[engine] unknown error";
  }
  const Napi::Error jsError = Napi::Error::New(env, message);
  jsError.Set("code", Napi::String::New(env, "HORNET"));
  return jsError.Value();
}

Completions::Completions(Napi::Env env) : function_(decltype(function_)::New(env, "hornet", 0, 1, this)) {
  function_.Unref(env);
}

Completions::Pending& Completions::open(Napi::Env env, Napi::Value value, std::shared_ptr<Engine> engine) {
  if (pending_.empty()) function_.Ref(env);
  Napi::ObjectReference holder;
  if (value.IsObject()) holder = Napi::Persistent(value.As<Napi::Object>());
  pending_.push_front({Napi::Promise::Deferred::New(env), std::move(holder), std::move(engine), nullptr, {}});
  pending_.front().self = pending_.begin();
  return pending_.front();
}

void Completions::settle(Pending& pending, std::exception_ptr error) {
  pending.error = std::move(error);
  // A closing environment takes no more calls; it drops its promises itself.
  function_.NonBlockingCall(&pending);
}

void Completions::arrive(Napi::Env env, Napi::Function, Completions* self, Pending* pending) {
  if (!napi_env(env)) return;
  std::list<Pending> settled;
  settled.splice(settled.begin(), self->pending_, pending->self);
  if (self->pending_.empty()) self->function_.Unref(env);
  const auto& [deferred, value, engine, error, position] = settled.front();
  if (error) {
    deferred.Reject(toJsError(env, error));
  } else {
    deferred.Resolve(value.IsEmpty() ? env.Undefined() : Napi::Value(value.Value()));
  }
}

void Completions::close() {
  function_.Abort();
  pending_.clear();
}

}  // namespace hornet
