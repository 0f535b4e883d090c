// Early return on a failed absl::Status, for functions and (CO_ forms) for coroutines.
//
//     RETURN_IF_ERROR(store.Open(path));
//     ASSIGN_OR_RETURN(Config config, Load(path));
//     CO_ASSIGN_OR_RETURN(Endpoint peer, co_await Resolve(name));
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define CONVOY_CONCAT_INNER(a, b) a##b
#define CONVOY_CONCAT(a, b) CONVOY_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                      \
  do {                                             \
    absl::Status convoy_status = (expr);           \
    if (!convoy_status.ok()) return convoy_status; \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr) \
  CONVOY_ASSIGN_OR_RETURN(CONVOY_CONCAT(convoy_or_, __LINE__), lhs, expr, return)

#define CO_RETURN_IF_ERROR(expr)                      \
  do {                                                \
    absl::Status convoy_status = (expr);              \
    if (!convoy_status.ok()) co_return convoy_status; \
  } while (false)

#define CO_ASSIGN_OR_RETURN(lhs, expr) \
  CONVOY_ASSIGN_OR_RETURN(CONVOY_CONCAT(convoy_or_, __LINE__), lhs, expr, co_return)

#define CONVOY_ASSIGN_OR_RETURN(name, lhs, expr, leave) \
  auto name = (expr);                                   \
  if (!name.ok()) leave std::move(name).status();       \
  lhs = *std::move(name)
