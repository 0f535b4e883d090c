#include "shard/account/csv_projector.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "shard/spool/keys.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kName = "csv";

}  // namespace

// One file in one step.
struct CsvProjector::Output {
  std::shared_ptr<const CsvFormat> format;
  uint64_t max_size_bytes = 0;
  std::string prefix;  // of a new segment
  std::string suffix;
  std::string segment;  // empty: none yet
  uint64_t offset = 0;
  std::string bytes;     // to be appended
  uint64_t records = 0;  // in `bytes`
  bool needs_segment = false;
};

// What goes to the file worker and comes back.
struct CsvProjector::Step {
  std::vector<KvRow> rows;
  std::vector<Output> outputs;
  uint64_t next_sequence = 0;
  // Set by the worker.
  absl::Status status;
  size_t events = 0;  // of `rows`, written
};

CsvProjector::CsvProjector(EventLoop& loop, KvStore& store, FileWorker& worker, AccountFiles& files,
                           Options options)
    : loop_(loop), store_(store), worker_(worker), files_(files), options_(std::move(options)) {
  for (const AcctFileOptions& file : options_.files) {
    formats_.push_back(std::make_shared<CsvFormat>(file.types, options_.utc_offset));
  }
}

CsvProjector::~CsvProjector() { loop_.Cancel(timer_); }

absl::Status CsvProjector::Recover() {
  const absl::StatusOr<std::string> stored = store_.GetNow(Cf::kMeta, ProjectorKey(kName));
  ProjectorCheckpoint before;
  if (stored.ok()) {
    ASSIGN_OR_RETURN(before, DecodeCheckpoint(*stored));
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  checkpoint_.next_sequence = before.next_sequence;
  for (const AcctFileOptions& file : options_.files) {
    CheckpointFile entry{file.path, {}, 0};
    for (const CheckpointFile& old : before.files) {
      if (old.path == file.path) entry = old;
    }
    for (const CheckpointFile& other : checkpoint_.files) {
      if (other.path != file.path) continue;
      return absl::InvalidArgumentError(
          Cat("two accounting files write to ", file.path, "; give one of them another path"));
    }
    checkpoint_.files.push_back(std::move(entry));
  }
  Notify();
  return absl::OkStatus();
}

void CsvProjector::Notify() {
  again_ = true;
  if (!busy_ && timer_ == TimerId{}) Wake(kProjectDelay);
}

void CsvProjector::Rotate() { rotate_ = true; }

void CsvProjector::Wake(Duration delay) {
  timer_ = loop_.CallAfter(delay, [this] {
    timer_ = {};
    Read();
  });
}

void CsvProjector::Stop(Callback stopped) {
  stopped_ = std::move(stopped);
  if (busy_) return;
  loop_.Cancel(timer_);
  timer_ = {};
  if (again_ && !stats_.failing) {
    Read();
  } else {
    Idle();
  }
}

void CsvProjector::Idle() {
  busy_ = false;
  if (stopped_ != nullptr) loop_.Post(std::exchange(stopped_, nullptr));
}

void CsvProjector::Read() {
  busy_ = true;
  again_ = false;
  store_.Scan({Cf::kOutbox, OutboxKey(checkpoint_.next_sequence), {}}, kProjectRows, kProjectBytes,
              [this](absl::StatusOr<KvScan> scan) { OnRead(std::move(scan)); });
}

void CsvProjector::OnRead(absl::StatusOr<KvScan> scan) {
  if (!scan.ok()) return Fail(scan.status());
  if (scan->rows.empty()) {
    if (again_ && stopped_ == nullptr) {
      busy_ = false;
      return Wake(kProjectDelay);
    }
    return Idle();
  }
  again_ = again_ || !scan->reached_end;
  auto step = std::make_shared<Step>();
  step->rows = std::move(scan->rows);
  step->next_sequence = checkpoint_.next_sequence;
  const WallTime now = loop_.WallNow();
  const std::string date = LocalDate(now, options_.utc_offset(now));
  for (size_t i = 0; i < options_.files.size(); ++i) {
    const std::filesystem::path path(options_.files[i].path);
    Output output;
    output.format = formats_[i];
    output.max_size_bytes = options_.files[i].max_size_bytes;
    output.prefix = Cat((path.parent_path() / path.stem()).string(), "-", date, "-");
    output.suffix = path.extension().string();
    if (!rotate_) {
      output.segment = checkpoint_.files[i].segment;
      output.offset = checkpoint_.files[i].offset;
    }
    step->outputs.push_back(std::move(output));
  }
  worker_.Run([step, files = &files_] { Write(step.get(), files); },
              [this, step] { OnWritten(step); });
}

// Takes events until one of them needs a segment that is not there yet.
void CsvProjector::Format(Step* step) {
  for (const KvRow& row : step->rows) {
    const std::optional<uint64_t> sequence = DecodeU64(row.key);
    const absl::StatusOr<AccountEvent> event = DecodeEvent(row.value);
    std::vector<std::string> lines(step->outputs.size());
    for (size_t i = 0; event.ok() && i < lines.size(); ++i) {
      Output& output = step->outputs[i];
      if (!output.format->Wants(event->type)) continue;
      if (output.offset + output.bytes.size() == 0) lines[i] = output.format->header();
      const size_t header_bytes = lines[i].size();
      output.format->AppendRecord(*event, &lines[i]);
      const uint64_t size = output.offset + output.bytes.size() + lines[i].size();
      // A record that is too long for any segment still goes into one of its own.
      const bool fits = size <= output.max_size_bytes || header_bytes > 0;
      output.needs_segment = output.segment.empty() || !fits;
    }
    for (const Output& output : step->outputs) {
      if (output.needs_segment) return;
    }
    if (!event.ok()) {
      LogError("account", "an event is damaged and is left out: ", HexEncode(row.key), " ",
               event.status().ToString());
    }
    for (size_t i = 0; i < lines.size(); ++i) {
      step->outputs[i].bytes += lines[i];
      step->outputs[i].records += !lines[i].empty();
    }
    ++step->events;
    if (sequence.has_value()) step->next_sequence = *sequence + 1;
  }
}

void CsvProjector::CreateSegments(Step* step, AccountFiles* files) {
  for (Output& output : step->outputs) {
    if (!output.needs_segment) continue;
    absl::StatusOr<std::string> segment = files->Create(output.prefix, output.suffix);
    if (!segment.ok()) {
      step->status = segment.status();
      return;
    }
    output.segment = *std::move(segment);
    output.offset = 0;
  }
}

void CsvProjector::Write(Step* step, AccountFiles* files) {
  Format(step);
  for (Output& output : step->outputs) {
    if (output.bytes.empty()) continue;
    absl::Status written = files->Write(output.segment, output.offset, output.bytes);
    if (absl::IsNotFound(written)) {
      LogWarning("account", "begins a new file: ", written.ToString());
      // Nothing of this step counts; the next one has a new segment.
      for (Output& other : step->outputs) other.needs_segment = &other == &output;
      step->events = 0;
      break;
    }
    if (!written.ok()) {
      step->status = std::move(written);
      return;
    }
  }
  if (step->events > 0) {
    for (Output& output : step->outputs) output.offset += output.bytes.size();
  }
  CreateSegments(step, files);
}

void CsvProjector::OnWritten(std::shared_ptr<Step> step) {
  if (!step->status.ok()) return Fail(step->status);
  ProjectorCheckpoint next;
  next.next_sequence = step->events > 0 ? step->next_sequence : checkpoint_.next_sequence;
  for (size_t i = 0; i < step->outputs.size(); ++i) {
    const Output& output = step->outputs[i];
    next.files.push_back({options_.files[i].path, output.segment, output.offset});
  }
  KvBatch batch;
  batch.Put(Cf::kMeta, ProjectorKey(kName), EncodeCheckpoint(next));
  if (step->events > 0) {
    batch.DeleteRange(Cf::kOutbox, step->rows.front().key, OutboxKey(next.next_sequence));
  }
  again_ = again_ || step->events < step->rows.size();
  // The old checkpoint holds until the new one is durable; nothing else happens meanwhile.
  store_.Commit(std::move(batch), [this, step, next = std::move(next)](absl::Status s) mutable {
    if (s.ok()) checkpoint_ = std::move(next);
    OnCommitted(step, std::move(s));
  });
}

void CsvProjector::OnCommitted(std::shared_ptr<Step> step, absl::Status status) {
  if (!status.ok()) return Fail(status);
  rotate_ = false;
  stats_.failing = false;
  stats_.events_total += step->events;
  for (const Output& output : step->outputs) {
    if (step->events == 0) break;
    stats_.records_total += output.records;
    stats_.bytes_total += output.bytes.size();
  }
  if (step->events < step->rows.size() || step->rows.size() >= kProjectRows ||
      stopped_ != nullptr) {
    return Read();
  }
  busy_ = false;
  if (again_) Wake(kProjectDelay);
}

void CsvProjector::Fail(const absl::Status& status) {
  busy_ = false;
  again_ = true;
  if (!absl::IsCancelled(status)) {
    ++stats_.failures_total;
    if (!stats_.failing) LogError("account", "records wait: ", status.ToString());
    stats_.failing = true;
  }
  if (stopped_ != nullptr || absl::IsCancelled(status)) return Idle();
  Wake(kFileRetry);
}

}  // namespace convoy::shard
