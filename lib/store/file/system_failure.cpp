#include "store/file/system_failure.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "model/failure.hpp"

namespace usertags::store {
namespace {

ErrorCode code_of(int error) noexcept {
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT: return ErrorCode::disk_full;
    default: return ErrorCode::io_error;
  }
}

}   // namespace

void fail_system(int error, std::string what, std::string remedy) {
  const ErrorCode code = code_of(error);
  Error::Details details{.what = std::move(what) + ": " + std::generic_category().message(error),
                         .system_error = error};
  if (code == ErrorCode::io_error) details.remedy = std::move(remedy);
  throw model::Failure{Error(code, std::move(details))};
}

}   // namespace usertags::store
