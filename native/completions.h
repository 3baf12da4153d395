// Promises that the engine's thread settles: each travels back to the JavaScript thread of its environment.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>

namespace hornet {

/// The JavaScript error of a native one.
Napi::Value toJsError(Napi::Env env, const std::exception_ptr& error);

class Completions {
 public:
  explicit Completions(Napi::Env env);

  /// A promise together with the value it resolves to.
  struct Pending {
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference value;  // empty: undefined
    std::exception_ptr error;
  };

  /// JavaScript thread: opens a promise; the environment stays alive until it is settled.
  std::shared_ptr<Pending> open(Napi::Env env, Napi::Value value);
  /// Any thread: settles it.
  void settle(std::shared_ptr<Pending> pending, std::exception_ptr error);
  /// JavaScript thread, when the environment ends and all engines have stopped.
  void close();

 private:
  void resolve(Napi::Env env, const Pending& pending);

  Napi::ThreadSafeFunction function_;
  size_t open_ = 0;
};

}  // namespace hornet
