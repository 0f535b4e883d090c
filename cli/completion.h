// A bash script that completes the command line of `convoy`, made from its parser.
//
// Determinism: pure
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace convoy::cli {

// Completes subcommands, their options, the directives of `config help`, and files.
std::string BashCompletion(const CLI::App& app);

}  // namespace convoy::cli
