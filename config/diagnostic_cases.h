// Cases of what is said about configurations, as text: tests/configs/diagnostics/*.txt.
//
//     check                       what is done, and to which words
//     <domain *>                  the file main.conf; "== NAME" begins another one
//     max-smtpout 3
//     ----
//     main.conf:2:1: error: ...   what is said, to the letter
//
// A case ends at an empty line; a line that begins with # between cases is a remark. Large inputs
// are written short: {{repeat 300 TEXT}} is TEXT 300 times, with its number for %d, the next
// number for %n and a line end for \n; "== k%d.pem x34" is 34 files.
//
// Determinism: pure, but for the files of the cases
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/section.h"

namespace convoy::config {

using Files = std::map<std::string, std::string>;

struct DiagnosticCase {
  std::string command;                 // "check"
  std::vector<std::string> arguments;  // the words behind it
  Files files;
};

// Gives what is said, in lines.
using CaseRunner = std::function<std::string(const DiagnosticCase&)>;

// Runs all cases of tests/configs/diagnostics/NAME.txt and expects what is written there, or, when
// --update is among the arguments of the program, writes what is said into the source tree.
void RunCases(const std::string& name, const CaseRunner& run);
void ReadArguments(int argc, char** argv);

// Reads from `files`; the environment has CONVOY_SECRET only.
FileAccess AccessTo(const Files& files);
std::string Lines(const std::vector<Diagnostic>& diagnostics);

// Sentences of AllSentences() that no golden of tests/configs shows.
std::vector<std::string> SentencesNotShown();

}  // namespace convoy::config
