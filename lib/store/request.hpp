// Request: one call of a host on its way through the store: one write, or the many of apply_each.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include <usertags/write.hpp>

namespace usertags::store {

// The three kinds of write, as views of what the caller holds until its call returns.
struct CreateView {
  std::string_view external_id;
  const TagList& tags;
  const ApplyOptions& options;
};

struct PatchView {
  UserRef user;
  const TagBatch& batch;
  const ApplyOptions& options;
};

struct DeleteView {
  UserRef user;
  const ApplyOptions& options;
};

using WriteView = std::variant<CreateView, PatchView, DeleteView>;

WriteView view(const Write& write) noexcept;

class Request {
 public:
  Request(const WriteView& write, Result<Applied>& outcome) noexcept
      : single_(write), outcomes_(&outcome, 1) {}
  // As many outcomes as writes.
  Request(std::span<const Write> writes, std::span<Result<Applied>> outcomes) noexcept
      : many_(writes), outcomes_(outcomes) {}

  std::size_t size() const noexcept { return outcomes_.size(); }
  WriteView write(std::size_t index) const noexcept { return single_ ? *single_ : view(many_[index]); }
  // The index that violations bear: none in a call with one write.
  std::optional<std::size_t> item(std::size_t index) const noexcept {
    return single_ ? std::nullopt : std::optional(index);
  }
  Result<Applied>& outcome(std::size_t index) noexcept { return outcomes_[index]; }

 private:
  std::optional<WriteView> single_;
  std::span<const Write> many_;
  std::span<Result<Applied>> outcomes_;
};

// The part of a request that one group takes.
struct Slice {
  Request* request = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

}   // namespace usertags::store
