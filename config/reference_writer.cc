// Writes docs/reference/directives.md into the source tree: bazel run //config:reference_writer

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "config/reference.h"

int main() {
  const char* tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  const std::string path =
      std::string(tree == nullptr ? "." : tree) + "/docs/reference/directives.md";
  std::ofstream file(path, std::ios::binary);
  file << convoy::config::ReferencePage();
  file.close();
  std::printf("%s %s\n", file.good() ? "wrote" : "cannot write", path.c_str());
  return file.good() ? 0 : 1;
}
