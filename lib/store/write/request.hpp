// A host's call on its way through the store, and the digest that its token keeps.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <usertags/write.hpp>

#include "model/change.hpp"

namespace usertags::store {

// The kinds of write, as views of what the caller holds until its call returns.
struct CreateView {
  std::string_view external_id;
  const TagList& tags;
  const ApplyOptions& options;
  bool or_find = false;   // EnsureUser: a user who is there will do

  UserRef named() const noexcept { return UserRef::external_id(external_id); }
};

struct PatchView {
  UserRef user;
  const TagBatch& batch;
  const ApplyOptions& options;
  // modify(): a function decided on the batch, and would decide otherwise another time. The request is the user alone.
  bool is_decided = false;

  UserRef named() const noexcept { return user; }
};

struct DeleteView {
  UserRef user;
  const ApplyOptions& options;

  UserRef named() const noexcept { return user; }
};

using WriteView = std::variant<CreateView, PatchView, DeleteView>;

WriteView view(const Write& write) noexcept;
const ApplyOptions& options_of(const WriteView& write) noexcept;
UserRef user_of(const WriteView& write) noexcept;

// One call of a host: one write, the many of apply_each, or the transaction of apply_all.
class Request {
 public:
  enum class Kind : std::uint8_t { one, each, all };
  using Deadline = std::chrono::steady_clock::time_point;

  Request(const WriteView& write, Result<Applied>& outcome) noexcept;
  // `each` or `all`, with as many outcomes as writes. Where one of `all` fails, each outcome is that failure.
  Request(Kind kind, std::span<const Write> writes, std::span<Result<Applied>> outcomes) noexcept;
  // `each`, of views that the caller holds.
  Request(std::span<const WriteView> writes, std::span<Result<Applied>> outcomes) noexcept;

  std::size_t size() const noexcept { return outcomes_.size(); }
  bool is_transaction() const noexcept { return kind_ == Kind::all; }
  WriteView write(std::size_t index) const noexcept {
    if (single_) return *single_;
    return views_.empty() ? view(many_[index]) : views_[index];
  }
  // The index that violations bear: none in a call with one write.
  std::optional<std::size_t> item(std::size_t index) const noexcept {
    return single_ ? std::nullopt : std::optional(index);
  }
  Result<Applied>& outcome(std::size_t index) noexcept { return outcomes_[index]; }
  std::span<Result<Applied>> outcomes() noexcept { return outcomes_; }

  // From when on the whole of it can be given up, as long as none of it has begun: of a transaction the
  // first deadline of its writes, of independent writes the last, if all have one.
  const std::optional<Deadline>& deadline() const noexcept { return deadline_; }

 private:
  std::optional<WriteView> single_;
  std::span<const Write> many_;        // or
  std::span<const WriteView> views_;   // one of which is empty
  std::span<Result<Applied>> outcomes_;
  Kind kind_;
  std::optional<Deadline> deadline_;
};

// The part of a request that one group takes.
struct Slice {
  Request* request = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The digest of a request: what makes two requests under one idempotency token the same one. It is stored, so
// that it is part of the file format (docs/file-format.md, "Hashes").

// Reused from request to request, so that it allocates only while it grows. Throws std::bad_alloc.
class RequestDigester {
 public:
  model::RequestDigest operator()(const WriteView& write);

 private:
  void add(std::uint64_t number);
  void add(std::string_view text);
  void add(const std::optional<std::string>& text);
  void add(const ApplyOptions& options);
  void add(const CreateView& write);
  void add(const PatchView& write);
  void add(const DeleteView& write);

  std::string image_;
};

}   // namespace usertags::store
