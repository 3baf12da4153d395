// Settling promises from the engine's thread.
#include "completions.h"

namespace hornet {

Napi::Value toJsError(Napi::Env env, const std::exception_ptr& error) {
  std::string message;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    message = exception.what();
  } catch (...) {
    message = "[engine] unknown error";
  }
  const Napi::Error jsError = Napi::Error::New(env, message);
  jsError.Set("code", Napi::String::New(env, "HORNET"));
  return jsError.Value();
}

Completions::Completions(Napi::Env env)
    : function_(Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "hornet",
                                              0, 1)) {
  function_.Unref(env);
}

std::shared_ptr<Completions::Pending> Completions::open(Napi::Env env, Napi::Value value) {
  if (open_++ == 0) function_.Ref(env);
  Napi::ObjectReference holder;
  if (value.IsObject()) holder = Napi::Persistent(value.As<Napi::Object>());
  return std::shared_ptr<Pending>(new Pending{Napi::Promise::Deferred::New(env), std::move(holder), nullptr});
}

void Completions::settle(std::shared_ptr<Pending> pending, std::exception_ptr error) {
  pending->error = std::move(error);
  auto* travelling = new std::shared_ptr<Pending>(std::move(pending));
  const napi_status status =
      function_.NonBlockingCall(travelling, [this](Napi::Env env, Napi::Function, std::shared_ptr<Pending>* arrived) {
        const std::unique_ptr<std::shared_ptr<Pending>> owner(arrived);
        if (env != nullptr) resolve(env, **owner);
      });
  // A closing environment settles nothing; its references go with it.
  if (status != napi_ok) delete travelling;
}

void Completions::resolve(Napi::Env env, const Pending& pending) {
  if (--open_ == 0) function_.Unref(env);
  const Napi::HandleScope scope(env);
  if (pending.error) {
    pending.deferred.Reject(toJsError(env, pending.error));
  } else {
    pending.deferred.Resolve(pending.value.IsEmpty() ? env.Undefined() : Napi::Value(pending.value.Value()));
  }
}

void Completions::close() { function_.Abort(); }

}  // namespace hornet
