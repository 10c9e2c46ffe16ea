// Submissions: writes that hosts hand in without waiting for them, and the calls that answer them.
//
// A submission stands in two queues, in the same order: in GroupCommit until whoever leads has written it, and here
// until its callback has returned. So callbacks come in the order of submission, whoever wrote what; one at a time, and
// only on a thread that drains, closes, or is the commit thread, which holds nothing of the store meanwhile.
#pragma once

#include <boost/intrusive/list.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/write.hpp>

#include "model/thread_annotations.hpp"
#include "store/watch/host_call.hpp"
#include "store/watch/telemetry.hpp"
#include "store/write/group_commit.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

using Outcomes = std::vector<Result<Applied>>;

// A host's function, which this owns: called once at most, and destroyed.
class Done {
 public:
  using Call = void (*)(void* target, Outcomes&& outcomes) noexcept;
  using Destroy = void (*)(void* target) noexcept;

  Done(void* target, Call call, Destroy destroy) noexcept : target_(target, destroy), call_(call) {}
  void operator()(Outcomes&& outcomes) const noexcept { call_(target_.get(), std::move(outcomes)); }

 private:
  std::unique_ptr<void, Destroy> target_;
  Call call_;
};

class Submissions {
 public:
  Submissions(GroupCommit& queue, const Options& options);
  Submissions(const Submissions&) = delete;
  Submissions& operator=(const Submissions&) = delete;
  ~Submissions();

  // Of Options::commit_thread. Throws std::system_error.
  void start_thread();

  // As UserTagStore::submit() and drain(). They throw std::bad_alloc; `writes` are then as they were.
  Result<void> submit(std::vector<Write>&& writes, Done done) USERTAGS_EXCLUDES(mutex_);
  Result<void> drain() USERTAGS_EXCLUDES(mutex_);

  // Takes nothing new. All that was submitted is written, and answered when it returns.
  Result<void> close() USERTAGS_EXCLUDES(mutex_);
  // Likewise, but what no group has written is answered with store_closed.
  void drop() USERTAGS_EXCLUDES(mutex_);

  // Whether the calling thread is in a callback of this store.
  bool is_calling() const noexcept { return HostCall::is_within(this); }

  SubmissionFigures figures() const USERTAGS_EXCLUDES(mutex_);

 private:
  struct Submission : boost::intrusive::list_base_hook<> {
    Submission(std::vector<Write>&& submitted, Outcomes&& unanswered, Done&& callback) noexcept;
    bool is_written() const noexcept { return writes.empty() || queued.is_answered(); }

    std::vector<Write> writes;
    Outcomes outcomes;
    const Done done;
    const std::size_t bytes;
    Request request{Request::Kind::each, writes, outcomes};
    GroupCommit::Unattended queued{request};
  };
  using Queue = boost::intrusive::list<Submission>;

  enum class Admission { admitted, full, closed };
  Admission admit(Submission& submission) USERTAGS_EXCLUDES(mutex_);
  Error too_full(std::size_t writes, std::size_t bytes) const USERTAGS_EXCLUDES(mutex_);
  std::uint64_t stop_admitting() USERTAGS_EXCLUDES(mutex_);
  void answer_until(std::uint64_t last) USERTAGS_EXCLUDES(mutex_);
  std::unique_ptr<Submission> next_to_answer() USERTAGS_REQUIRES(mutex_);
  void answer(std::unique_ptr<Submission> submission) noexcept USERTAGS_REQUIRES(mutex_);
  void run_thread() USERTAGS_EXCLUDES(mutex_);
  void stop_thread() USERTAGS_EXCLUDES(mutex_);

  GroupCommit& queue_;
  const std::size_t max_writes_;
  const std::size_t max_bytes_;

  mutable model::Mutex mutex_;   // taken before that of GroupCommit
  Queue unanswered_ USERTAGS_GUARDED_BY(mutex_);
  SubmissionFigures figures_ USERTAGS_GUARDED_BY(mutex_);
  std::uint64_t submitted_ USERTAGS_GUARDED_BY(mutex_) =
      0;                                                     // counts submissions: the number of the last one
  std::uint64_t answered_ USERTAGS_GUARDED_BY(mutex_) = 0;   // whose callbacks have returned
  bool is_answering_ USERTAGS_GUARDED_BY(mutex_) = false;    // a callback is under way
  bool is_closed_ USERTAGS_GUARDED_BY(mutex_) = false;
  bool stops_ USERTAGS_GUARDED_BY(mutex_) = false;
  std::condition_variable_any has_work_;   // of the commit thread
  std::condition_variable_any has_answered_;
  std::thread thread_ USERTAGS_GUARDED_BY(mutex_);
};

}   // namespace usertags::store
