// HostFunction: a host's function as the library calls it. What the function throws does not pass through the
// library: it is kept, and thrown on when the call has returned. Hosts have no use for it.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace usertags {

// One call's function, on the stack of that call.
template <class Function, class Argument>
class HostFunction {
 public:
  // Refers to the function, which outlives it.
  explicit HostFunction(Function& function) noexcept : function_(std::addressof(function)) {}

  // What the library is given, with `this`: false where the function threw, or answered that it has enough.
  static bool call(void* self, const Argument& argument) noexcept {
    return static_cast<HostFunction*>(self)->call_function(argument);
  }

  // Throws on what the function threw, if it did.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  bool call_function(const Argument& argument) noexcept {
    if (thrown_) return false;
#ifdef __cpp_exceptions
    try {
      return wants_more(argument);
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
#else
    return wants_more(argument);
#endif
  }

  bool wants_more(const Argument& argument) {
    if constexpr (std::is_convertible_v<std::invoke_result_t<Function&, const Argument&>, bool>) {
      return std::invoke(*function_, argument);
    } else {
      std::invoke(*function_, argument);
      return true;
    }
  }

  Function* function_;
  std::exception_ptr thrown_;
};

}   // namespace usertags
