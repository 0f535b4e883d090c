// Where a projector's file work runs: a thread of its own in a daemon, the loop in the simulator.
//
// Thread:    Run() loop-affine
#pragma once

#include <memory>

#include "runtime/event_loop.h"

namespace convoy::shard {

class FileWorker {
 public:
  virtual ~FileWorker() = default;
  // Runs `work` somewhere, then `done` on the loop. One after the other, in the order of the calls.
  virtual void Run(Callback work, Callback done) = 0;
};

// On a thread of its own. What is under way when it is destroyed is finished, its `done` dropped.
std::unique_ptr<FileWorker> MakeFileThread(EventLoop& loop);
// On the loop, in a later turn: for files in memory.
std::unique_ptr<FileWorker> MakeLoopFileWorker(EventLoop& loop);

}  // namespace convoy::shard
