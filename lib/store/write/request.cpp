#include "store/write/request.hpp"

#include <algorithm>

namespace usertags::store {
namespace {

struct Viewer {
  WriteView operator()(const CreateUser& write) const noexcept {
    return CreateView{write.external_id, write.tags, write.options};
  }
  WriteView operator()(const PatchUser& write) const noexcept {
    return PatchView{write.user, write.batch, write.options};
  }
  WriteView operator()(const DeleteUser& write) const noexcept {
    return DeleteView{write.user, write.options};
  }
};

const std::optional<Request::Deadline>& deadline_of(const Write& write) noexcept {
  return std::visit([](const auto& one) -> const auto& { return one.options.deadline; }, write);
}

std::optional<Request::Deadline> first_deadline(std::span<const Write> writes) noexcept {
  std::optional<Request::Deadline> first;
  for (const Write& write : writes) {
    const auto& deadline = deadline_of(write);
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  return first;
}

std::optional<Request::Deadline> last_deadline(std::span<const Write> writes) noexcept {
  std::optional<Request::Deadline> last;
  for (const Write& write : writes) {
    const auto& deadline = deadline_of(write);
    if (!deadline) return std::nullopt;
    if (!last || *deadline > *last) last = deadline;
  }
  return last;
}

}   // namespace

WriteView view(const Write& write) noexcept {
  return std::visit(Viewer{}, write);
}

const ApplyOptions& options_of(const WriteView& write) noexcept {
  return std::visit([](const auto& one) -> const ApplyOptions& { return one.options; }, write);
}

Request::Request(const WriteView& write, Result<Applied>& outcome) noexcept
    : single_(write), outcomes_(&outcome, 1), kind_(Kind::one), deadline_(options_of(write).deadline) {}

Request::Request(Kind kind, std::span<const Write> writes, std::span<Result<Applied>> outcomes) noexcept
    : many_(writes),
      outcomes_(outcomes),
      kind_(kind),
      deadline_(kind == Kind::all ? first_deadline(writes) : last_deadline(writes)) {}

}   // namespace usertags::store
