// What INGOT_TRY and INGOT_ASSIGN are to functions, for coroutines.

#ifndef INGOT_DAEMON_HTTP_COROUTINES_H_
#define INGOT_DAEMON_HTTP_COROUTINES_H_

#include <utility>

#include "codec/result.h"

#define INGOT_CO_TRY(expression)               \
  do {                                         \
    auto ingot_try_ = (expression);            \
    if (!ingot_try_.ok()) {                    \
      co_return std::move(ingot_try_).error(); \
    }                                          \
  } while (false)

#endif  // INGOT_DAEMON_HTTP_COROUTINES_H_
