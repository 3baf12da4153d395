// Promises that the engine's thread settles: each travels back to the JavaScript thread of its environment.
#pragma once

#include <napi.h>

#include <exception>
#include <list>
#include <memory>

namespace hornet {

class Engine;

/// The JavaScript error of a native one.
Napi::Value toJsError(Napi::Env env, const std::exception_ptr& error);

class Completions {
 public:
  /// An open promise. Its JavaScript values are touched on the JavaScript thread only.
  struct Pending {
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference value;  // empty: undefined
    std::shared_ptr<Engine> engine;
    std::exception_ptr error;
    std::list<Pending>::iterator self;
  };

  explicit Completions(Napi::Env env);

  /// JavaScript thread: opens a promise for `value`. It keeps the engine, and the process, alive until it is settled.
  Pending& open(Napi::Env env, Napi::Value value, std::shared_ptr<Engine> engine);
  /// Any thread: settles it.
  void settle(Pending& pending, std::exception_ptr error);
  /// JavaScript thread, when the environment ends and its engines have stopped.
  void close();

 private:
  static void arrive(Napi::Env env, Napi::Function, Completions* self, Pending* pending);

  Napi::TypedThreadSafeFunction<Completions, Pending, &Completions::arrive> function_;
  std::list<Pending> pending_;
};

}  // namespace hornet
