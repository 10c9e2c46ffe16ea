#include "rejects.hpp"

#include <fmt/format.h>

#include "json_out.hpp"
#include "text.hpp"

namespace usertags::command {

Rejects::Rejects(const std::optional<std::string>& path, bool force, Console& console) : console_(console) {
  if (path) file_.emplace(Output::create(*path, force));
}

void Rejects::add(std::uint64_t line, const std::string& text, const Error& error) {
  ++count_;
  if (!file_) {
    if (count_ <= kTold) console_.error(error, line);
    return;
  }
  JsonObject object(file_->buffer());
  object.number("line", line);
  append_json(object.name_of("error"), error);
  object.text("input", text);
  object.close();
  file_->line_done();
}

void Rejects::finish() {
  if (file_) {
    file_->flush();
  } else if (count_ > kTold) {
    console_.note(
        fmt::format("and {} more were rejected; --rejects FILE keeps them all", grouped(count_ - kTold)));
  }
}

}   // namespace usertags::command
