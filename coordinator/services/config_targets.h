// Calls of the coordinator to the configuration service of the shards (proto/config.proto).
//
// Each call answers once, on the loop, unless this object goes first; then none does.
//
// Limits:    the deadline of the call
// Thread:    loop-affine; the destructor may run elsewhere, when the loop does not
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "base/time_types.h"
#include "proto/config.grpc.pb.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

class ConfigTargets {
 public:
  using Stub = mta::v1::ConfigTarget::Stub;
  using Async = mta::v1::ConfigTarget::StubInterface::async_interface;
  template <typename Request, typename Response>
  using Method = void (Async::*)(grpc::ClientContext*, const Request*, Response*,
                                 std::function<void(grpc::Status)>);
  template <typename Response>
  using Done = absl::AnyInvocable<void(const grpc::Status&, const Response&)>;

  explicit ConfigTargets(EventLoop& loop) : loop_(loop) {}
  ConfigTargets(const ConfigTargets&) = delete;
  ConfigTargets& operator=(const ConfigTargets&) = delete;
  // Cancels what is on the way and waits until gRPC has let go of it.
  ~ConfigTargets();

  template <typename Request, typename Response>
  void Call(const std::string& address, Method<Request, Response> method, Request request,
            Duration deadline, Done<Response> done) {
    struct State {
      std::shared_ptr<Stub> stub;
      Request request;
      Response response;
      grpc::ClientContext context;
      Done<Response> done;
    };
    auto state = std::make_shared<State>();
    state->stub = StubFor(address);
    state->request = std::move(request);
    state->done = std::move(done);
    Begin(&state->context, deadline);
    Async* async = state->stub->async();
    (async->*method)(&state->context, &state->request, &state->response,
                     [&loop = loop_, owed = owed_, open = std::weak_ptr(open_),
                      state](const grpc::Status& status) {
                       loop.Post([open, state, status] {
                         const auto alive = open.lock();
                         if (alive == nullptr) return;
                         alive->erase(&state->context);
                         state->done(status, state->response);
                       });
                       Release(*owed);
                     });
  }

 private:
  using Owed = std::atomic<int>;
  std::shared_ptr<Stub> StubFor(const std::string& address);
  void Begin(grpc::ClientContext* context, Duration deadline);
  static void Release(Owed& owed);

  EventLoop& loop_;
  std::map<std::string, std::shared_ptr<Stub>> stubs_;
  std::shared_ptr<Owed> owed_ = std::make_shared<Owed>(0);  // callbacks that gRPC still owes
  // Contexts of calls not yet answered. Gone with this object: later answers are dropped.
  std::shared_ptr<std::set<grpc::ClientContext*>> open_ =
      std::make_shared<std::set<grpc::ClientContext*>>();
};

}  // namespace convoy::coordinator
