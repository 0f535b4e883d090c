// tests/configs/ as tests see it: files under their names in it, so that no path of this machine
// is in a golden, and an environment of one variable, CONVOY_SECRET.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/section.h"

namespace convoy::config {

inline constexpr char kCorpusDirectory[] = "tests/configs/";

std::string ReadCorpusFile(const std::string& path);
FileAccess CorpusAccess();
// Each file is changed as it is read: what a tool that rewrites files would leave behind.
FileAccess CorpusAccess(std::function<std::string(const std::string& path, std::string)> change);
// Stems of the *.conf, in byte order.
std::vector<std::string> CorpusNames();
// Every file of it that a configuration can include, too.
std::vector<std::string> CorpusFiles();
// A line `#lenient` at its start asks for lenient reading.
bool IsLenient(std::string_view text);
// "" if both are read the same but for places, else what differs first.
std::string Difference(const Section& one, const Section& other);

}  // namespace convoy::config
