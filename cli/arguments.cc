#include "cli/arguments.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <sstream>

#include "base/text.h"
#include "cli/cluster.h"
#include "cli/completion.h"
#include "cli/config_tools.h"
#include "cli/message_file.h"
#include "config/load.h"
#include "config/reference.h"

namespace convoy::cli {
namespace {

constexpr char kFooter[] =
    "A queue is DOMAIN/VMTA; show, pause, resume and set take * for either part.\n"
    "Exit codes: 0 done, 1 refused, 2 wrong arguments, 3 unreachable, 4 done in part.\n"
    "config diff, fmt --check and lint: 1 if they find something.";

// user@host, for the history of the configuration. A claim, not a proof.
std::string CallerName() {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  const passwd* user = getpwuid(getuid());
  return Cat(user == nullptr ? Cat("uid ", getuid()) : std::string(user->pw_name), '@',
             std::string_view(host));
}

// One run of the program: where the parser puts values, and the command it has chosen.
class Program {
 public:
  Program(const std::string& environment_coordinator, const Clock& clock, uint64_t seed)
      : clock_(clock), seed_(seed) {
    target_.coordinator = environment_coordinator;
    app_.require_subcommand(1);
    app_.footer(kFooter);
    app_.add_option("--coordinator", target_.coordinator,
                    "HOST:PORT of the coordinator (default: CONVOY_COORDINATOR)");
    app_.add_option("--shard", target_.shard, "HOST:PORT: ask this shard, without the coordinator");
    app_.add_flag("--json", target_.json, "print JSON, for programs");
    app_.fallthrough();
    AddShow();
    AddChanges();
    AddSubmit();
    AddConfig();
    AddCompletion();
  }

  Outcome Run(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      app_.parse(arguments);
    } catch (const CLI::ParseError& error) {
      std::ostringstream out;
      std::ostringstream err;
      const bool helped = app_.exit(error, out, err) == 0;
      return {.code = helped ? ExitCode::kDone : ExitCode::kUsage,
              .out = out.str(),
              .error = err.str()};
    }
    return command_();
  }

 private:
  CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& help,
                       std::function<Outcome()> run) {
    CLI::App* command = parent->add_subcommand(name, help);
    command->fallthrough();
    command->callback([this, run = std::move(run)] { command_ = run; });
    return command;
  }

  CLI::App* AddFamily(const std::string& name, const std::string& help) {
    CLI::App* family = app_.add_subcommand(name, help);
    family->require_subcommand(1);
    family->fallthrough();
    return family;
  }

  void AddShow() {
    CLI::App* show = AddFamily("show", "look at the cluster");
    AddCommand(show, "status", "totals, traffic, problems",
               [this] { return Ask([](Cluster& c) { return c.ShowStatus(); }); });
    AddCommand(show, "shards", "members, leases, slots",
               [this] { return AskCoordinator([](Cluster& c) { return c.ShowShards(); }); });
    CLI::App* queues = AddCommand(show, "queues", "queues with mail, largest first", [this] {
      return Ask([this](Cluster& c) { return c.ShowQueues(query_); });
    });
    queues->alias("topqueues");
    queues->add_option("QUEUE", query_.queue, "DOMAIN[/VMTA]; * for any");
    queues->add_option("--maxitems", query_.items_max, "how many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    queues->add_flag("--all", query_.all, "all of them");
    queues->add_option("--sort", query_.sort, "rcpt or name")
        ->check(CLI::IsMember({"rcpt", "name"}))
        ->capture_default_str();
    queues->add_option("--mode", query_.mode, "only queues in this mode")
        ->check(CLI::IsMember({"normal", "backoff", "paused"}));
    CLI::App* assignment = AddCommand(show, "assignment", "which shard owns which slots", [this] {
      return AskCoordinator([this](Cluster& c) { return c.ShowAssignment(name_); });
    });
    assignment->add_option("SITE", name_, "only the slot of this domain");
    AddCommand(show, "config", "the version in effect, and which one each shard runs",
               [this] { return AskCoordinator([](Cluster& c) { return c.ShowConfig(); }); });
  }

  void AddChanges() {
    for (const bool pause : {true, false}) {
      CLI::App* family = AddFamily(pause ? "pause" : "resume",
                                   pause ? "stop attempts of a queue" : "start them again");
      CLI::App* queue = AddCommand(family, "queue", "DOMAIN/VMTA, on every shard", [this, pause] {
        return ChangeQueue(pause ? QueueChange::kPause : QueueChange::kResume);
      });
      queue->add_option("QUEUE", name_, "DOMAIN/VMTA; * for either part")->required();
    }
    CLI::App* set = AddFamily("set", "change a queue");
    CLI::App* queue = AddCommand(set, "queue", "its mode, on every shard", [this] {
      return ChangeQueue(mode_ == "backoff" ? QueueChange::kBackoff : QueueChange::kNormal);
    });
    queue->add_option("QUEUE", name_, "DOMAIN/VMTA; * for either part")->required();
    queue->add_option("--mode", mode_, "normal or backoff")
        ->check(CLI::IsMember({"normal", "backoff"}))
        ->required();
    CLI::App* shard = AddFamily("shard", "change the membership");
    CLI::App* forget = AddCommand(
        shard, "forget", "a shard that is stopped for good: its slots go to others",
        [this] { return AskCoordinator([this](Cluster& c) { return c.ForgetShard(name_); }); });
    forget->add_option("NAME", name_, "its name")->required();
  }

  void AddSubmit() {
    CLI::App* submit =
        AddCommand(&app_, "submit", "send a message file", [this] { return Submit(); });
    submit->add_option("FILE", file_, "RFC 5322 message; - is standard input")->required();
    submit->add_option("--from", submission_.mail_from,
                       "envelope sender (default: that of From); <> is the null sender");
    submit
        ->add_option("--to", submission_.recipients, "recipient, repeatable (default: To, Cc, Bcc)")
        ->allow_extra_args(false);
    submit->add_option("--vmta", submission_.virtual_mta, "virtual MTA or pool");
    submit->add_option("--job", submission_.job_id, "job id, for the accounting records");
    submit->add_option("--idempotency-key", submission_.idempotency_key,
                       "a repeat with the same key is the same message");
  }

  void AddConfig() {
    CLI::App* config = AddFamily("config", "look at a configuration file, or at the versions kept");
    CLI::App* check = AddCommand(config, "check", "load it and say what is wrong",
                                 [this] { return CheckConfig(); });
    check->add_option("FILE", file_, "configuration file")->required();
    check->add_flag("--lenient", lenient_,
                    "mend broken regexes, skip what is not known, each with a warning");
    CLI::App* explain = AddCommand(config, "explain", "each setting of a queue and its origin",
                                   [this] { return ExplainConfig(); });
    explain->add_option("FILE", file_, "configuration file")->required();
    explain->add_option("QUEUE", name_, "DOMAIN/VMTA")->required();
    CLI::App* help = AddCommand(config, "help", "what a directive does, and whether it has effect",
                                [this] { return HelpDirective(); });
    help->add_option("DIRECTIVE", name_, "its name, in any case")->required();
    AddTools(config);
    AddVersions(config);
  }

  void AddTools(CLI::App* config) {
    const auto lenient = [](CLI::App* command, bool* flag) {
      command->add_flag("--lenient", *flag, "skip what is not known or not supported");
    };
    CLI::App* diff = AddCommand(config, "diff", "what a reload from OLD to NEW changes",
                                [this] { return DiffConfigFiles(diff_, target_.json); });
    diff->add_option("OLD", diff_.before, "configuration file")->required();
    diff->add_option("NEW", diff_.after, "configuration file")->required();
    lenient(diff, &diff_.lenient);
    CLI::App* fmt = AddCommand(config, "fmt", "print it in its canonical layout",
                               [this] { return FormatConfigs(format_, target_.json); });
    fmt->add_option("FILE", format_.files, "configuration files; - is standard input")->required();
    CLI::Option* write = fmt->add_flag("--write", format_.write, "back into the files");
    fmt->add_flag("--check", format_.check, "only say which would change; exit 1 if any")
        ->excludes(write);
    CLI::App* lint = AddCommand(config, "lint", "rules that never hold, and rules that do harm",
                                [this] { return LintConfigFile(lint_, target_.json); });
    lint->add_option("FILE", lint_.file, "configuration file");
    lint->add_flag("--rules", lint_.rules, "list what it looks for");
    lenient(lint, &lint_.lenient);
    CLI::App* migrate = AddCommand(config, "migrate", "without old names and lines without effect",
                                   [this] { return MigrateConfigFile(migrate_, target_.json); });
    migrate->add_option("FILE", migrate_.file, "configuration file")->required();
    migrate->add_option("--output", migrate_.output, "write it there (default: standard output)");
    migrate->add_option("--part", migrate_.part, "rewrite this file, which FILE includes");
    migrate->add_flag("--lenient", migrate_.lenient,
                      "what is not known or not supported becomes a comment");
  }

  void AddCompletion() {
    CLI::App* family = AddFamily("completion", "completion of this command in a shell");
    AddCommand(family, "bash", "a script: source <(convoy completion bash)", [this] {
      return Outcome{.code = ExitCode::kDone, .out = BashCompletion(app_), .error = ""};
    });
  }

  void AddVersions(CLI::App* config) {
    CLI::App* reload = AddCommand(
        &app_, "reload",
        "put the coordinator's configuration file into effect, on all shards or none",
        [this] { return AskCoordinator([this](Cluster& c) { return c.Reload(who_, comment_); }); });
    reload->add_option("--comment", comment_, "why, for the history");
    AddCommand(config, "history", "the versions kept, newest first",
               [this] { return AskCoordinator([](Cluster& c) { return c.ConfigHistory(); }); });
    CLI::App* rollback =
        AddCommand(config, "rollback", "a new version with the content of an old one", [this] {
          return AskCoordinator(
              [this](Cluster& c) { return c.RollbackConfig(version_, who_, comment_); });
        });
    rollback->add_option("VERSION", version_, "its number: convoy config history")->required();
    rollback->add_option("--comment", comment_, "why, for the history");
  }

  static Outcome Usage(const std::string& text) {
    return {.code = ExitCode::kUsage, .out = "", .error = Cat("convoy: ", text, "\n")};
  }

  Outcome Ask(const std::function<Outcome(Cluster&)>& question) {
    if (target_.coordinator.empty() && target_.shard.empty()) {
      return Usage(
          "no cluster given: --coordinator HOST:PORT, or set CONVOY_COORDINATOR, or "
          "--shard HOST:PORT for one shard");
    }
    return question(*Cluster::Make(target_, clock_, seed_));
  }

  Outcome AskCoordinator(const std::function<Outcome(Cluster&)>& question) {
    if (!target_.shard.empty()) {
      return Usage("only the coordinator can answer this: leave out --shard");
    }
    return Ask(question);
  }

  Outcome ChangeQueue(QueueChange change) {
    const size_t slash = name_.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == name_.size()) {
      return Usage(Cat("'", Escape(name_),
                       "' is no queue: expected DOMAIN/VMTA, for example "
                       "gmail.com/vmta-1 or gmail.com/*"));
    }
    return Ask([&](Cluster& c) { return c.ChangeQueue(change, name_); });
  }

  Outcome Submit() {
    const absl::StatusOr<MessageFile> file =
        ReadMessageFile(file_, submission_.mail_from, submission_.recipients);
    if (!file.ok()) {
      return {.code = ExitCode::kRefused,
              .out = "",
              .error = Cat("convoy: ", std::string(file.status().message()), "\n")};
    }
    submission_.message = file->text;
    submission_.mail_from = file->mail_from;
    submission_.recipients = file->recipients;
    return Ask([this](Cluster& c) { return c.Submit(submission_); });
  }

  Outcome CheckConfig() {
    config::LoadResult loaded =
        config::LoadConfig(file_, config::RealFiles(), {.lenient = lenient_});
    if (loaded.config != nullptr) {
      for (config::Diagnostic& d : config::CheckFiles(*loaded.config)) {
        loaded.diagnostics.push_back(std::move(d));
      }
    }
    const bool good = !config::HasErrors(loaded.diagnostics);
    return {.code = good ? ExitCode::kDone : ExitCode::kRefused,
            .out = config::CheckReport(loaded, target_.json),
            .error = ""};
  }

  Outcome HelpDirective() {
    const absl::StatusOr<std::string> text = config::DirectiveHelp(name_, target_.json);
    if (!text.ok()) {
      return {.code = ExitCode::kRefused,
              .out = "",
              .error = Cat("convoy: ", std::string(text.status().message()), "\n")};
    }
    return {.code = ExitCode::kDone, .out = *text, .error = ""};
  }

  Outcome ExplainConfig() {
    const config::LoadResult loaded = config::LoadConfig(file_);
    if (loaded.config == nullptr) {
      return {.code = ExitCode::kRefused, .out = "", .error = config::CheckReport(loaded, false)};
    }
    const absl::StatusOr<std::string> text = config::Explain(*loaded.config, name_, target_.json);
    if (!text.ok()) {
      return {.code = ExitCode::kRefused,
              .out = "",
              .error = Cat("convoy: ", std::string(text.status().message()), "\n")};
    }
    return {.code = ExitCode::kDone, .out = *text, .error = ""};
  }

  const Clock& clock_;
  const uint64_t seed_;
  CLI::App app_{"Convoy: looks at a mail cluster and steers it", "convoy"};
  Target target_;
  QueueQuery query_;
  Submission submission_;
  DiffArguments diff_;
  FormatArguments format_;
  LintArguments lint_;
  MigrateArguments migrate_;
  std::string file_;
  std::string name_;
  std::string mode_;
  bool lenient_ = false;
  std::string who_ = CallerName();
  std::string comment_;
  uint64_t version_ = 0;
  std::function<Outcome()> command_;
};

}  // namespace

Outcome Run(const std::vector<std::string>& arguments, const std::string& environment_coordinator,
            const Clock& clock, uint64_t seed) {
  return Program(environment_coordinator, clock, seed).Run(arguments);
}

}  // namespace convoy::cli
