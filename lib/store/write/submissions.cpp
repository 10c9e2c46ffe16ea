#include "store/write/submissions.hpp"

#include <string>
#include <utility>
#include <variant>

#include "model/signals_blocked.hpp"

namespace usertags::store {
namespace {

struct BytesOfWrite {
  std::size_t operator()(const CreateUser& write) const noexcept {
    return write.external_id.size() + of(write.tags) + of(write.options);
  }
  std::size_t operator()(const EnsureUser& write) const noexcept {
    return write.external_id.size() + of(write.tags_if_created) + of(write.options);
  }
  std::size_t operator()(const PatchUser& write) const noexcept {
    std::size_t bytes = write.user.size() + of(write.options);
    for (const Operation& operation : write.batch.operations()) {
      bytes += sizeof operation + operation.key.size() + operation.value.size();
      if (operation.expected_value) bytes += operation.expected_value->size();
    }
    return bytes;
  }
  std::size_t operator()(const DeleteUser& write) const noexcept {
    return write.user.size() + of(write.options);
  }

  static std::size_t of(const TagList& tags) noexcept {
    std::size_t bytes = 0;
    for (const auto& tag : tags) bytes += sizeof tag + tag.first.size() + tag.second.size();
    return bytes;
  }
  static std::size_t of(const ApplyOptions& options) noexcept {
    return options.token.size() + options.note.size();
  }
};

// With its answer, which is to be kept as well.
std::size_t bytes_of(const std::vector<Write>& writes) noexcept {
  std::size_t bytes = 0;
  for (const Write& write : writes)
    bytes += sizeof write + sizeof(Result<Applied>) + std::visit(BytesOfWrite{}, write);
  return bytes;
}

Error called_within_callback(const char* call) {
  return {ErrorCode::invalid_argument,
          Error::Details{.what = std::string(call) +
                                 " is called from within a callback of submit(), for whose end "
                                 "it would wait",
                         .remedy = "call it on another thread, or when the callback has returned"}};
}

}   // namespace

Submissions::Submission::Submission(std::vector<Write>&& submitted, Outcomes&& unanswered,
                                    Done&& callback) noexcept
    : writes(std::move(submitted)),
      outcomes(std::move(unanswered)),
      done(std::move(callback)),
      bytes(bytes_of(writes)) {}

Submissions::Submissions(GroupCommit& queue, const Options& options)
    : queue_(queue), max_writes_(options.queue_writes), max_bytes_(options.queue_bytes) {}

// Whatever was submitted is answered by then: with a thread that could not be joined the process would end.
Submissions::~Submissions() {
  stop_thread();
}

Result<void> Submissions::submit(std::vector<Write>&& writes, Done done) {
  Outcomes outcomes(writes.size(), std::unexpected(Error(ErrorCode::store_closed)));
  auto submission = std::make_unique<Submission>(std::move(writes), std::move(outcomes), std::move(done));
  const Admission admission = admit(*submission);
  if (admission == Admission::admitted) {
    std::ignore = submission.release();   // unanswered_ has it
    has_work_.notify_one();
    return {};
  }
  writes = std::move(submission->writes);
  if (admission == Admission::closed) return std::unexpected(ErrorCode::store_closed);
  return std::unexpected(too_full(writes.size(), submission->bytes));
}

Submissions::Admission Submissions::admit(Submission& submission) {
  const model::MutexLock lock(mutex_);
  if (is_closed_) return Admission::closed;
  const std::size_t writes = submission.writes.size();
  if (writes > max_writes_ - std::min(figures_.writes, max_writes_)) return Admission::full;
  if (submission.bytes > max_bytes_ - std::min(figures_.bytes, max_bytes_)) return Admission::full;
  figures_.submitted += writes;
  figures_.writes += writes;
  figures_.bytes += submission.bytes;
  submitted_ += 1;
  unanswered_.push_back(submission);
  if (writes != 0) queue_.enqueue(submission.queued);
  return Admission::admitted;
}

Error Submissions::too_full(std::size_t writes, std::size_t bytes) const {
  const auto of = [](std::size_t number, std::size_t limit) {
    return std::to_string(number) + " of " + std::to_string(limit);
  };
  const bool never_fits = writes > max_writes_ || bytes > max_bytes_;
  const SubmissionFigures held = figures();
  std::string what = "the queue of submissions holds " + of(held.writes, max_writes_) + " writes and " +
                     of(held.bytes, max_bytes_) + " bytes, and has no room for " + std::to_string(writes) +
                     " writes of " + std::to_string(bytes) + " bytes";
  return {ErrorCode::busy,
          Error::Details{.what = std::move(what),
                         .remedy = never_fits ? "submit fewer at a time, or open with a larger queue"
                                              : "call drain(), or wait for answers, and submit again"}};
}

Result<void> Submissions::drain() {
  if (is_calling()) return std::unexpected(called_within_callback("drain()"));
  std::uint64_t last = 0;
  {
    const model::MutexLock lock(mutex_);
    last = submitted_;
    if (answered_ == last) return {};
  }
  queue_.write_queued();
  answer_until(last);
  return {};
}

Result<void> Submissions::close() {
  if (is_calling()) return std::unexpected(called_within_callback("close()"));
  const std::uint64_t last = stop_admitting();
  queue_.write_queued();
  answer_until(last);
  stop_thread();
  return {};
}

void Submissions::drop() {
  const std::uint64_t last = stop_admitting();
  queue_.drop_queued();
  answer_until(last);
  stop_thread();
}

std::uint64_t Submissions::stop_admitting() {
  const model::MutexLock lock(mutex_);
  is_closed_ = true;
  return submitted_;
}

SubmissionFigures Submissions::figures() const {
  const model::MutexLock lock(mutex_);
  return figures_;
}

// --- Answering. ---

// Until so many callbacks have returned; up to that one, all submissions are written. What another thread is calling
// meanwhile is waited for.
void Submissions::answer_until(std::uint64_t last) {
  const model::MutexLock lock(mutex_);
  while (answered_ < last) {
    if (auto next = next_to_answer())
      answer(std::move(next));
    else
      has_answered_.wait(mutex_);
  }
}

std::unique_ptr<Submissions::Submission> Submissions::next_to_answer() {
  if (is_answering_ || unanswered_.empty() || !unanswered_.front().is_written()) return nullptr;
  std::unique_ptr<Submission> next(&unanswered_.front());
  unanswered_.pop_front();
  figures_.writes -= next->writes.size();
  figures_.bytes -= next->bytes;
  is_answering_ = true;
  return next;
}

void Submissions::answer(std::unique_ptr<Submission> submission) noexcept {
  mutex_.unlock();
  {
    const HostCall call(this);
    submission->done(std::move(submission->outcomes));
    submission.reset();
  }
  mutex_.lock();
  is_answering_ = false;
  ++answered_;
  has_answered_.notify_all();
}

// --- The commit thread. ---

void Submissions::start_thread() {
  const model::SignalsBlocked blocked;
  const model::MutexLock lock(mutex_);
  thread_ = std::thread([this] { run_thread(); });
}

void Submissions::run_thread() {
  pthread_setname_np(pthread_self(), "usertags-commit");
  std::uint64_t last = 0;
  while (true) {
    {
      const model::MutexLock lock(mutex_);
      while (submitted_ == last && !stops_) has_work_.wait(mutex_);
      if (submitted_ == last) return;
      last = submitted_;
    }
    queue_.write_queued();
    answer_until(last);
  }
}

void Submissions::stop_thread() {
  std::thread thread;
  {
    const model::MutexLock lock(mutex_);
    stops_ = true;
    thread = std::move(thread_);
  }
  has_work_.notify_all();
  if (thread.joinable()) thread.join();
}

}   // namespace usertags::store
