// SHA-256 of data given in pieces.
//
// Thread:    one user at a time; movable
// Determinism: pure
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace convoy::dkim {

inline constexpr size_t kSha256Bytes = 32;

class Sha256 {
 public:
  Sha256();
  void Update(std::string_view data);
  // The kSha256Bytes octets of the hash. Once only.
  std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace convoy::dkim
