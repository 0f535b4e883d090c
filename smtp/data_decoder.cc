#include "smtp/data_decoder.h"

#include <algorithm>
#include <cstring>

namespace convoy::smtp {

void DataDecoder::Start(uint64_t content_bytes_max) {
  *this = DataDecoder();
  content_bytes_max_ = content_bytes_max;
}

DataDecoder::Result DataDecoder::Consume(std::string_view* input, std::string* content) {
  while (!input->empty()) {
    if (state_ == State::kText) {
      TakeText(input, content);
      if (input->empty()) break;
    }
    const char c = input->front();
    input->remove_prefix(1);
    ++wire_bytes_;
    const Result result = Step(c, content);
    if (result != Result::kMore) return result;
  }
  return Result::kMore;
}

// The run up to the next CR or LF at once: nearly all of a content.
void DataDecoder::TakeText(std::string_view* input, std::string* content) {
  size_t size = input->size();
  if (const void* cr = std::memchr(input->data(), '\r', size)) {
    size = static_cast<size_t>(static_cast<const char*>(cr) - input->data());
  }
  if (const void* lf = std::memchr(input->data(), '\n', size)) {
    size = static_cast<size_t>(static_cast<const char*>(lf) - input->data());
  }
  const std::string_view text = input->substr(0, size);
  if (std::memchr(text.data(), '\0', text.size()) != nullptr) has_nul_ = true;
  line_bytes_ += text.size();
  Append(text, content);
  wire_bytes_ += size;
  input->remove_prefix(size);
}

DataDecoder::Result DataDecoder::Step(char c, std::string* content) {
  switch (state_) {
    case State::kLineStart:
      if (c == '.') {
        state_ = State::kDot;
        return Result::kMore;
      }
      break;
    case State::kText:
      break;
    case State::kCr:
      if (c == '\n') {
        EndLine(content);
        return Result::kMore;
      }
      Bare(2);
      if (c == '.') {  // the bare CR may have been meant as a line end
        state_ = State::kDot;
        return Result::kMore;
      }
      break;
    case State::kDot:
      if (c == '\r') {
        state_ = State::kDotCr;
        return Result::kMore;
      }
      if (c == '\n') {
        Bare(1);
        return Result::kFalseEnd;
      }
      break;  // a doubled or a needless dot: dropped
    case State::kDotCr:
      if (c == '\n' && clean_start_) return Result::kEnd;
      Bare(2);
      return Result::kFalseEnd;
  }
  if (c == '\r') {
    state_ = State::kCr;
  } else if (c == '\n') {
    Bare(1);
    state_ = State::kLineStart;
  } else {
    state_ = State::kText;
    if (c == '\0') has_nul_ = true;
    ++line_bytes_;
    Append(std::string_view(&c, 1), content);
  }
  return Result::kMore;
}

void DataDecoder::EndLine(std::string* content) {
  Append("\r\n", content);
  line_bytes_max_ = std::max(line_bytes_max_, line_bytes_);
  line_bytes_ = 0;
  clean_start_ = true;
  state_ = State::kLineStart;
}

void DataDecoder::Bare(uint64_t octets_ago) {
  if (!bare_line_end_) bare_line_end_at_ = wire_bytes_ - octets_ago;
  bare_line_end_ = true;
  clean_start_ = false;
}

void DataDecoder::Append(std::string_view text, std::string* content) {
  if (overflow_ || bare_line_end_) return;
  if (content->size() + text.size() > content_bytes_max_) {
    overflow_ = true;
    *content = std::string();
    return;
  }
  content->append(text);
}

}  // namespace convoy::smtp
