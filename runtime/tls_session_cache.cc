#include "runtime/tls_session_cache.h"

#include <utility>

namespace convoy {

std::optional<TlsSession> TlsSessionCache::Take(const std::string& key) {
  const auto found = places_.find(key);
  if (found == places_.end()) return std::nullopt;
  const Place place = found->second;
  entries_.splice(entries_.begin(), entries_, place);
  std::deque<TlsSession>& sessions = place->sessions;
  TlsSession session = std::move(sessions.back());
  sessions.pop_back();
  const bool too_old = loop_.MonoNow() - session.since >= options_.age_max;
  if (sessions.empty()) Forget(place);
  if (too_old) return Take(key);
  return session;
}

void TlsSessionCache::Put(const std::string& key, TlsSession session) {
  auto found = places_.find(key);
  if (found == places_.end()) {
    if (entries_.size() >= options_.keys_max) Forget(std::prev(entries_.end()));
    entries_.push_front({.key = key, .sessions = {}});
    found = places_.emplace(key, entries_.begin()).first;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  std::deque<TlsSession>& sessions = found->second->sessions;
  if (sessions.size() >= options_.sessions_per_key_max) sessions.pop_front();
  if (session.since == MonoTime{}) session.since = loop_.MonoNow();
  sessions.push_back(std::move(session));
}

void TlsSessionCache::Forget(Place place) {
  places_.erase(place->key);
  entries_.erase(place);
}

}  // namespace convoy
