// A thread that runs what it is given, in order.
//
// The loop hands over without ever waiting: the queue is a lock-free list, and the thread sleeps on
// an atomic when it is empty. Work reports back with EventLoop::Post.
//
// Thread:    Run() is thread-safe; the rest belongs to the owner
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "runtime/event_loop.h"

namespace convoy::shard {

class WorkThread {
 public:
  // `name`: at most 15 characters, as shown by ps and top.
  explicit WorkThread(const std::string& name);
  // Runs everything that was given before, then ends.
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  void Run(Callback work);

 private:
  struct Node {
    Callback work;
    Node* next = nullptr;
  };
  void Push(Node* node);
  // False once the end has been reached.
  bool RunAll();
  void Main(const std::string& name);

  std::atomic<Node*> newest_ = nullptr;
  std::atomic<uint32_t> pushes_ = 0;
  std::thread thread_;
};

}  // namespace convoy::shard
