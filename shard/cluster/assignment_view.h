// What a shard believes about ownership: the newest assignment table, asked by (site, virtual MTA).
//
//     const Owner owner = view.OwnerOf("example.com", "vmta-1");
//     if (owner.kind == Owner::Kind::kPeer) Forward(*owner.member, ...);
//     if (owner.may_assign && lease.MayAssign(now)) ...   // invariant I4: both, before connect and
//     MAIL
//
// Tables only ever get newer: a table of a lower epoch than any seen, or of a lower version in the
// same epoch, is refused, so a coordinator that lost its leadership cannot take anything back.
//
// Errors:    FailedPrecondition for an outdated table, InvalidArgument for a malformed one; the
//            view then keeps what it had
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "shard/cluster/assignment_table.h"

namespace convoy::shard {

struct Owner {
  enum class Kind {
    kNoTable,  // nothing known yet: accept, spool and wait
    kNoShard,  // no member can use this virtual MTA: keep queued and say why
    kSelf,     // this shard
    kPeer,     // another one
  };
  Kind kind = Kind::kNoTable;
  // kSelf only: former owners have let go. The lease must be asked as well.
  bool may_assign = false;
  // kSelf and kPeer; valid until the next Apply.
  const ClusterMember* member = nullptr;
};

class AssignmentView {
 public:
  // `self` is this shard's name.
  explicit AssignmentView(std::string self) : self_(std::move(self)) {}

  // Replaces the table by a newer one. The same version again is OK and changes nothing.
  absl::Status Apply(std::shared_ptr<const AssignmentTable> table);

  // An epoch seen elsewhere (an answer of the coordinator, a peer): lower ones are refused from now
  // on.
  void ObserveEpoch(Epoch epoch);
  Epoch highest_epoch() const { return highest_epoch_; }

  Owner OwnerOf(std::string_view site, std::string_view vmta) const;
  // The member of that name, or null.
  const ClusterMember* FindMember(std::string_view name) const;

  bool has_table() const { return table_ != nullptr; }
  // Null before the first Apply.
  const std::shared_ptr<const AssignmentTable>& table() const { return table_; }
  TableVersion version() const { return has_table() ? table_->version : TableVersion{}; }
  const std::string& self() const { return self_; }

 private:
  const std::string self_;

  std::shared_ptr<const AssignmentTable> table_;
  absl::flat_hash_map<std::string, size_t> group_of_vmta_;  // index into table_->groups
  Epoch highest_epoch_;
};

}  // namespace convoy::shard
