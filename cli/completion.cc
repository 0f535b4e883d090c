#include "cli/completion.h"

#include "base/text.h"
#include "config/reference.h"

namespace convoy::cli {
namespace {

// "name name ... --option ..." of a command.
std::string WordsOf(const CLI::App& app) {
  std::string words;
  const auto add = [&](const std::string& word) { CatTo(&words, words.empty() ? "" : " ", word); };
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add(command->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) add(Cat("--", name));
  }
  return words;
}

// One line of the script's table for each command: `path) words="..." ;;`
void AddCases(const CLI::App& app, const std::string& path, std::string* script) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string below = Cat(path, path.empty() ? "" : " ", command->get_name());
    CatTo(script, "    \"", below, "\") words=\"", WordsOf(*command), "\" ;;\n");
    AddCases(*command, below, script);
  }
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  std::string script = R"(# bash completion of convoy; use: source <(convoy completion bash)
_convoy() {
  local current=${COMP_WORDS[COMP_CWORD]} path="" word words=""
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      -*) ;;
      *) path="${path:+$path }$word" ;;
    esac
  done
  case $path in
)";
  CatTo(&script, "    \"\") words=\"", WordsOf(app), "\" ;;\n");
  AddCases(app, "", &script);
  script += "  esac\n  if [[ $path == \"config help\" ]]; then\n    words=\"";
  for (const std::string_view name : config::AllDirectiveNames()) {
    CatTo(&script, script.ends_with('"') ? "" : " ", name);
  }
  script += R"("
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _convoy convoy
)";
  return script;
}

}  // namespace convoy::cli
