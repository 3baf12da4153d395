// Helpers for wrapped objects: their construction from native parts, and native exceptions as JavaScript's.
#pragma once

#include <napi.h>

#include <exception>

#include "completions.h"

namespace hornet {

/// Native parts travel to the constructor of a wrapped object as externals that live as long as the call.
template <class... Parts>
Napi::Object construct(Napi::Env env, const Napi::FunctionReference& constructor, Parts... parts) {
  return constructor.New({Napi::External<Parts>::New(env, &parts)...});
}

template <class T>
T& part(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsExternal()) throw Napi::TypeError::New(info.Env(), "[engine] this class is internal");
  return *info[index].As<Napi::External<T>>().Data();
}

/// Runs native code that may throw, and turns what it throws into a JavaScript exception.
template <class F>
auto guarded(Napi::Env env, F&& fn) -> decltype(fn()) {
  try {
    return fn();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw Napi::Error(env, toJsError(env, std::current_exception()));
  }
}

}  // namespace hornet
