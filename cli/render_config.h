// Reloads and versions of the configuration as text for people. Never their content.
//
// Determinism: pure
#pragma once

#include <string>

#include "proto/config.pb.h"

namespace convoy::cli {

// What changed, or "nothing changed" and why: diagnostics as the configuration check prints them.
std::string RenderReload(const mta::v1::ReloadResponse& reload);
std::string RenderHistory(const mta::v1::HistoryResponse& history);
std::string RenderConfig(const mta::v1::ShowConfigResponse& config);

}  // namespace convoy::cli
