// Result and parameters of a function that is declared elsewhere, so that a hook cannot differ from what it hooks.
#ifndef PREEMPT_HOOKS_SIGNATURE_H_
#define PREEMPT_HOOKS_SIGNATURE_H_

#include <cstddef>
#include <tuple>

namespace preempt::hooks {

template <class Function>
struct SignatureOf;

template <class R, class... A>
struct SignatureOf<R(A...)> {
  using Result = R;
  using Plain = R(A...);
  template <std::size_t index>
  using Parameter = std::tuple_element_t<index, std::tuple<A...>>;
};

// A hook is never noexcept: glibc's own is not where it is a cancellation point, and a hook around one must let the
// unwinding pass.
template <class R, class... A>
struct SignatureOf<R(A...) noexcept> : SignatureOf<R(A...)> {};

template <class Function>
using Result = typename SignatureOf<Function>::Result;
template <class Function>
using Plain = typename SignatureOf<Function>::Plain;
template <class Function, std::size_t index>
using Parameter = typename SignatureOf<Function>::template Parameter<index>;

}  // namespace preempt::hooks

// Parameters a, b, c ... of a hook for `name`, and the same as arguments.
#define PREEMPT_PARAMETER(name, index, letter) ::preempt::hooks::Parameter<decltype(::name), index> letter
#define PREEMPT_PARAMETERS_0(name)
#define PREEMPT_PARAMETERS_1(name) PREEMPT_PARAMETER(name, 0, a)
#define PREEMPT_PARAMETERS_2(name) PREEMPT_PARAMETERS_1(name), PREEMPT_PARAMETER(name, 1, b)
#define PREEMPT_PARAMETERS_3(name) PREEMPT_PARAMETERS_2(name), PREEMPT_PARAMETER(name, 2, c)
#define PREEMPT_PARAMETERS_4(name) PREEMPT_PARAMETERS_3(name), PREEMPT_PARAMETER(name, 3, d)
#define PREEMPT_PARAMETERS_5(name) PREEMPT_PARAMETERS_4(name), PREEMPT_PARAMETER(name, 4, e)
#define PREEMPT_PARAMETERS_6(name) PREEMPT_PARAMETERS_5(name), PREEMPT_PARAMETER(name, 5, f)
#define PREEMPT_PARAMETERS_7(name) PREEMPT_PARAMETERS_6(name), PREEMPT_PARAMETER(name, 6, g)

#define PREEMPT_ARGUMENTS_0
#define PREEMPT_ARGUMENTS_1 , a
#define PREEMPT_ARGUMENTS_2 , a, b
#define PREEMPT_ARGUMENTS_3 , a, b, c
#define PREEMPT_ARGUMENTS_4 , a, b, c, d
#define PREEMPT_ARGUMENTS_5 , a, b, c, d, e
#define PREEMPT_ARGUMENTS_6 , a, b, c, d, e, f
#define PREEMPT_ARGUMENTS_7 , a, b, c, d, e, f, g

#endif  // PREEMPT_HOOKS_SIGNATURE_H_
