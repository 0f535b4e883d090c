// The lists and small sections of a configuration as typed values. What uses them is named by the
// section's row in section_table.cc; those that nothing uses yet are read and checked all the same.
//
// Thread:    immutable
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time_types.h"
#include "config/diagnostic.h"
#include "config/regex.h"

namespace convoy::config {

using RegexPtr = std::shared_ptr<const Regex>;

// `reply /re/ ACTION[,ACTION...]` of a <smtp-pattern-list>. The lines are tried in order; for
// actions that contradict each other the first matching line wins.
struct ReplyRule {
  enum class Mode { kKeep, kBackoff, kNormal };
  RegexPtr pattern;  // matched against the reply line with its code
  Mode mode = Mode::kKeep;
  std::optional<Duration> backoff_to_normal_after;  // only with kBackoff; absent: the domain's
  bool skip_mx = false;
  bool bounce_queue = false;
  bool bounce_rcpt = false;
  bool defer_queue = false;
  bool disable_source_ip = false;
  std::optional<Duration> reenable_after;  // only with disable_source_ip
  Position where;
};
struct SmtpPatternList {
  std::string name;
  std::vector<ReplyRule> rules;
};

// `/re/ CATEGORY` of <bounce-category-patterns>: the first match names the category.
struct BounceCategoryRule {
  RegexPtr pattern;  // matched against "5.1.1;text of the reply"
  std::string category;
  Position where;
};

// `mx PATTERN NAME.rollup [rollup-by-ip]`
struct MxRollup {
  std::string pattern;  // lower case; a host name or *.suffix
  std::string name;     // lower case, ends in ".rollup"
  bool by_ip = false;
  Position where;
};

// A line of a <pattern-list>; the first match decides. Exactly one of the results is set, but
// that virtual_mta and recipient_priority may go together.
struct PatternRule {
  enum class Subject { kHeader, kMailFrom, kRcptTo, kAny };
  Subject subject = Subject::kAny;
  std::string header;  // lower case; of kHeader
  RegexPtr pattern;    // null for kAny
  std::string virtual_mta;
  std::optional<int64_t> recipient_priority;  // 0 to 100
  std::string call_to;                        // name of another list
  std::vector<PatternRule> nested;
  Position where;
};
struct PatternList {
  std::string name;
  std::vector<PatternRule> rules;
};

struct AddressList {
  std::string name;  // "" within a report processor
  std::vector<std::string> addresses;
  std::vector<RegexPtr> patterns;
  std::vector<std::string> files;    // resolved
  std::vector<std::string> domains;  // with macros expanded
  Position where;
};

struct RewriteRule {
  enum class Subject { kMailFrom, kRcptTo, kFromDomain };
  Subject subject = Subject::kMailFrom;
  std::string from;
  std::string to;
  Position where;
};
struct RewriteList {
  std::string name;
  std::vector<RewriteRule> rules;
};

struct SmtpUser {
  enum class Method { kPassword, kSystem, kCertificate };
  std::string name;
  std::string password;  // never printed
  Method method = Method::kPassword;
  std::string certificate_file;  // resolved
  std::string source;            // name of a <source>; "": {auth}
  Position where;
};

struct SourceGroup {
  std::string name;
  std::optional<int64_t> max_smtp_in;  // absent: no limit
  int64_t reserved_smtp_in = 0;
};

struct Proxy {
  struct Client {
    Endpoint address;  // port 0: any
    std::string host_name;
  };
  std::string name;
  std::vector<std::string> servers;  // HOST:PORT
  std::vector<Client> clients;
  int64_t protocol_version = 1;
};

struct SpoolDirectory {
  std::string path;
  int64_t priority = 1;
  int64_t min_free_space = 0;  // octets
  bool deliver_only = false;
};

struct DnsSettings {
  std::string precached_domains_file;  // resolved; "": none
  Duration precached_refresh_interval = Minutes(5);
  int64_t precached_max_domains = 500;
};

// Everything above, by name in the order of the file.
struct Lists {
  std::vector<SmtpPatternList> smtp_pattern_lists;
  std::vector<BounceCategoryRule> bounce_categories;
  std::vector<MxRollup> mx_rollups;
  std::vector<PatternList> pattern_lists;
  std::vector<AddressList> address_lists;
  std::vector<RewriteList> rewrite_lists;
  std::vector<SmtpUser> smtp_users;
  std::vector<SourceGroup> source_groups;
  std::vector<Proxy> proxies;
  std::vector<SpoolDirectory> spools;
  DnsSettings dns;
};

}  // namespace convoy::config
