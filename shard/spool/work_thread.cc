#include "shard/spool/work_thread.h"

#include <pthread.h>

#include <memory>
#include <utility>

namespace convoy::shard {

WorkThread::WorkThread(const std::string& name) : thread_([this, name] { Main(name); }) {}

WorkThread::~WorkThread() {
  Push(new Node);  // no work: the end
  thread_.join();
}

void WorkThread::Run(Callback work) { Push(new Node{std::move(work)}); }

void WorkThread::Push(Node* node) {
  node->next = newest_.load(std::memory_order_relaxed);
  while (!newest_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  pushes_.fetch_add(1, std::memory_order_release);
  pushes_.notify_one();
}

bool WorkThread::RunAll() {
  Node* newest = newest_.exchange(nullptr, std::memory_order_acquire);
  Node* oldest = nullptr;
  while (newest != nullptr) {
    Node* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    const std::unique_ptr<Node> node(oldest);
    oldest = node->next;
    if (node->work == nullptr) return false;
    node->work();
  }
  return true;
}

void WorkThread::Main(const std::string& name) {
  pthread_setname_np(pthread_self(), name.c_str());
  for (;;) {
    const uint32_t seen = pushes_.load(std::memory_order_acquire);
    if (!RunAll()) return;
    pushes_.wait(seen, std::memory_order_acquire);
  }
}

}  // namespace convoy::shard
