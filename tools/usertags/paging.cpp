#include "paging.hpp"

#include "json_out.hpp"

namespace usertags::command {

void Paging::declare(Arguments& arguments, const std::string& what) {
  arguments.option("--limit", "N", limit_, "At most so many " + what);
  arguments.option("--after", "CURSOR", after_,
                   "Go on after an earlier answer with --limit; empty: at the beginning");
}

void Paging::check() const {
  if (limit_ == 0u) throw UsageError("--limit is at least 1");
}

void Paging::tell_next(const std::optional<Cursor>& next, std::uint64_t revision, Console& console) const {
  if (!limit_) return;
  console.out().flush();
  if (!console.json) {
    if (next) console.err().line("more with --after " + next->text());
    return;
  }
  JsonObject object(console.err().buffer());
  if (next) {
    object.text("next", next->text());
  } else {
    object.null("next");
  }
  object.number("revision", revision);
  object.close();
  console.err().line_done();
}

}   // namespace usertags::command
