#include "report/page.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string_view>

#include <usertags/version.hpp>

#include "output/text.hpp"
#include "report/charts.hpp"
#include "report/markup.hpp"

namespace usertags::command {

namespace {

constexpr std::array kKinds = {"created", "patched", "deleted"};
constexpr std::chrono::seconds kToTheMinute{60};
constexpr std::chrono::seconds kToTheSecond{1};

std::string cell(const std::string& content) {
  return "<td>" + content + "</td>";
}
std::string number_cell(const std::string& content) {
  return "<td class=\"n\">" + content + "</td>";
}

// A link that looks for a tag in the table of users. Without the script, it leads there.
std::string search_link(std::string_view key, std::string_view value) {
  return fmt::format(R"(<a href="#users" data-key="{}" data-value="{}">{}</a>)", html(key), html(value),
                     isolated(value));
}

class PageWriter {
 public:
  PageWriter(const Survey& survey, const PageHead& head) : survey_(survey), head_(head) {}

  std::string write() && {
    begin();
    summary();
    growth();
    coverage();
    values();
    together();
    changes();
    users();
    end();
    return std::move(out_);
  }

 private:
  template <class... Values>
  void add(fmt::format_string<const Values&...> text, const Values&... values) {
    fmt::format_to(std::back_inserter(out_), text, values...);
  }

  const Stats& stats() const { return survey_.stats; }

  void section(std::string_view id, std::string_view title, std::string_view what) {
    add("<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}</h2>\n", id, title);
    if (!what.empty()) add("<p class=\"what\">{}</p>\n", what);
  }
  void end_section() { out_ += "</section>\n"; }

  // What a heading says already, the caption says to those alone who hear it.
  void table(std::string_view caption, std::span<const std::string_view> heads, std::string_view name,
             std::string_view caption_class = "hidden") {
    add(R"(<table class="{}"><caption class="{}">{}</caption><thead><tr>)", name, caption_class, caption);
    for (const std::string_view head : heads) {
      const bool right = head.starts_with('#');
      add("<th scope=\"col\"{}>{}</th>", right ? " class=\"n\"" : "", head.substr(right ? 1 : 0));
    }
    out_ += "</tr></thead><tbody>\n";
  }
  void end_table() { out_ += "</tbody></table>\n"; }

  void begin() {
    add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-{0}'; "
        "script-src 'nonce-{0}'; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>{1}: users and their tags</title>\n"
        "<style nonce=\"{0}\">\n{2}</style>\n</head>\n<body>\n",
        head_.nonce, html(head_.title), page_style());
    add("<a class=\"skip\" href=\"#users\">To the table of users</a>\n<header><h1>{}</h1>"
        "<p>Users and their tags at revision {}. Made on {} UTC.</p>\n",
        isolated(head_.title), grouped(stats().revision), moment(head_.made, kToTheMinute));
    out_ += "<nav aria-label=\"Sections\"><ul>";
    for (const auto& [id, title] : std::array<std::array<const char*, 2>, 6>{{{"growth", "Growth"},
                                                                              {"coverage", "Keys"},
                                                                              {"values", "Values"},
                                                                              {"together", "Together"},
                                                                              {"changes", "Changes"},
                                                                              {"users", "Users"}}}) {
      add("<li><a href=\"#{}\">{}</a></li>", id, title);
    }
    out_ += "</ul></nav></header>\n<main>\n";
  }

  void fact(std::string_view name, const std::string& figure, const std::string& note) {
    add("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>\n", name, figure, note);
  }

  void summary() {
    const double users = static_cast<double>(std::max<std::uint64_t>(stats().users, 1));
    out_ += "<section aria-label=\"Summary\"><dl class=\"facts\">\n";
    fact("Users", grouped(stats().users), "");
    fact("Tags", grouped(stats().tags),
         fmt::format("{:.1f} a user", static_cast<double>(stats().tags) / users));
    fact("Keys", grouped(stats().tag_keys), "");
    fact("Values", grouped(stats().tag_values), "of all keys");
    fact("Changes kept", grouped(survey_.changes),
         survey_.newest.empty() ? "" : "newest " + moment(survey_.newest[0].at, std::chrono::days(1)));
    fact("On disk", byte_size(stats().database_bytes + stats().wal_bytes), "");
    out_ += "</dl></section>\n";
  }

  void growth() {
    section("growth", "Users over time",
            "The users who are there, added up by the time of their creation (UTC).");
    const auto stretches = survey_.created.stretches();
    if (stretches.size() > 1) {
      Chart chart{
          .name = "Users over time", .unit = "From", .series = {"users"}, .bars = {}, .is_gapless = true};
      std::uint64_t sum = 0;
      const auto step = survey_.created.step();
      for (const auto& [from, counts] : stretches)
        chart.bars.push_back({moment(from, step), {sum += counts[0]}, moment(from, step)});
      append_chart(out_, chart);
    } else if (stretches.empty()) {
      out_ += "<p>There are no users.</p>\n";
    } else {
      add("<p>All {} were created on {}.</p>\n", grouped(stats().users),
          moment(stretches[0].from, kToTheSecond));
    }
    end_section();
  }

  void coverage() {
    section("coverage", "Coverage of keys", "How many of the users have each key.");
    if (survey_.keys.empty()) {
      out_ += "<p>No user has a tag.</p>\n";
    } else {
      static constexpr std::array<std::string_view, 4> kHeads = {"Key", "#Users", "#Share",
                                                                 "<span class=\"hidden\">Bar</span>"};
      table("Keys, by the users who have them", kHeads, "bars");
      for (const KeyCount& key : survey_.keys) {
        add("<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n", isolated(key.key), number_cell(grouped(key.users)),
            number_cell(percent(key.users, stats().users)), cell(bar_of(key.users, stats().users)));
      }
      end_table();
      left_out(stats().tag_keys, survey_.keys.size(), "key");
    }
    end_section();
  }

  void left_out(std::uint64_t all, std::uint64_t shown, std::string_view what) {
    if (all > shown)
      add("<p class=\"what\">{} with fewer users not shown.</p>\n",
          counted(all - shown, "more " + std::string(what)));
  }

  void values() {
    section("values", "Values of each key",
            "The values that most users have, or how numbers are spread. A value leads to its users below.");
    out_ += "<div class=\"cards\">\n";
    for (const KeySurvey& key : survey_.details) {
      add("<article><h3>{} <small>{}</small></h3>\n", isolated(key.key), counted(key.values, "value"));
      key.histogram ? histogram(key) : top_values(key);
      out_ += "</article>\n";
    }
    out_ += "</div>\n";
    left_out(stats().tag_keys, survey_.details.size(), "key");
    end_section();
  }

  void top_values(const KeySurvey& key) {
    static constexpr std::array<std::string_view, 4> kHeads = {"Value", "#Users", "#Share",
                                                               "<span class=\"hidden\">Bar</span>"};
    table("Values of " + html(key.key), kHeads, "bars");
    for (const ValueCount& value : key.top) {
      add("<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n", search_link(key.key, value.value),
          number_cell(grouped(value.users)), number_cell(percent(value.users, key.users)),
          cell(bar_of(value.users, key.users)));
    }
    end_table();
    left_out(key.values, key.top.size(), "value");
  }

  void histogram(const KeySurvey& key) {
    const Histogram& found = *key.histogram;
    Chart chart{
        .name = "Users by " + html(key.key), .unit = "Value", .series = {"users"}, .bars = {}, .height = 210};
    for (const auto& [from, to, users] : found.bins) {
      const std::string label = from == to ? fmt::format("{}", from) : fmt::format("{} to {}", from, to);
      chart.bars.push_back({label, {users}, fmt::format("{}", to == found.bins.back().to ? to : from)});
    }
    add("<p class=\"what\">From {} to {}; the median is {}.</p>\n", found.min, found.max, found.median);
    append_chart(out_, chart);
  }

  void together() {
    const std::size_t keys = survey_.together.size();
    if (keys < 2) return;
    section("together", "How keys go together",
            "Of the users who have the key of a row, the percentage who also have the key of a column.");
    add("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"How keys go together\"><table class=\"matrix\">"
        "<caption class=\"hidden\">Percentages of users with a row's key who have a column's key</caption><thead><tr>"
        "<td></td>");
    for (std::size_t column = 0; column < keys; ++column) {
      add(R"(<th scope="col" title="{0}"><span aria-hidden="true">{1}</span><span class="hidden">{0}</span></th>)",
          html(survey_.keys[column].key), column + 1);
    }
    out_ += "</tr></thead><tbody>\n";
    for (std::size_t row = 0; row < keys; ++row) matrix_row(row);
    out_ += "</tbody></table></div>\n";
    left_out(stats().tag_keys, keys, "key");
    end_section();
  }

  void matrix_row(std::size_t row) {
    add(R"(<tr><th scope="row"><span aria-hidden="true">{}</span> {}</th>)", row + 1,
        isolated(survey_.keys[row].key));
    for (std::size_t column = 0; column < survey_.together.size(); ++column) {
      if (row == column) {
        out_ += R"(<td class="self"><span class="hidden">the same</span></td>)";
        continue;
      }
      const std::uint64_t both = survey_.together[row][column];
      const std::uint64_t all = std::max<std::uint64_t>(survey_.together[row][row], 1);
      const std::string share = percent(both, all);
      add("<td class=\"h{}\">{}</td>", both * 5 / all, std::string_view(share).substr(0, share.size() - 2));
    }
    out_ += "</tr>\n";
  }

  void changes() {
    const auto stretches = survey_.changed.stretches();
    std::string what = stats().log_floor > 1 ? "Those that the log still keeps, by their time (UTC)."
                                             : "All changes, by their time (UTC).";
    if (stretches.size() > 1) what += " A bar is " + duration(survey_.changed.step()) + ".";
    section("changes", "Changes over time", what);
    out_ += "<ul class=\"legend\">";
    for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
      add("<li><span class=\"dot s{}\"></span>{} <b>{}</b></li>", kind, kKinds[kind],
          grouped(survey_.kinds[kind]));
    }
    out_ += "</ul>\n";
    if (stretches.size() > 1) {
      Chart chart{
          .name = "Changes over time", .unit = "From", .series = {kKinds.begin(), kKinds.end()}, .bars = {}};
      const auto step = survey_.changed.step();
      for (const auto& [from, counts] : stretches) {
        chart.bars.push_back({moment(from, step), {counts.begin(), counts.end()}, moment(from, step)});
      }
      append_chart(out_, chart);
    } else if (stretches.size() == 1) {
      add("<p>All were made on {}.</p>\n", moment(stretches[0].from, kToTheSecond));
    }
    newest_changes();
    end_section();
  }

  void newest_changes() {
    if (survey_.newest.empty()) return;
    static constexpr std::array<std::string_view, 5> kHeads = {"#Revision", "When (UTC)", "What", "User",
                                                               "Tags"};
    table("The newest changes", kHeads, "log", "shown");
    for (const Change& change : survey_.newest) {
      const auto kind = static_cast<std::size_t>(change.kind) - 1;
      add(R"(<tr>{}<td class="when">{}</td><td><span class="dot s{}"></span>{}</td><th scope="row">{}</th><td>)",
          number_cell(grouped(change.revision)), moment(change.at, kToTheSecond), kind, kKinds[kind],
          isolated(change.external_id));
      tags(change);
      if (!change.note.empty()) add("<p class=\"note\">{}</p>", isolated(change.note));
      out_ += "</td></tr>\n";
    }
    end_table();
  }

  void tags(const Change& change) {
    out_ += "<ul class=\"tags\">";
    for (const TagChange& tag : change.tags) {
      out_ += "<li>";
      if (tag.value) {
        if (tag.before) add("<del>{}</del> ", assignment(tag.key, *tag.before));
        out_ += tag.before ? "<ins>" + isolated(*tag.value) + "</ins>" : assignment(tag.key, *tag.value);
      } else {
        add("<del>{}</del>", tag.before ? assignment(tag.key, *tag.before) : isolated(tag.key));
      }
      out_ += "</li>";
    }
    out_ += "</ul>";
  }

  static std::string assignment(std::string_view key, std::string_view value) {
    return "<span class=\"k\">" + isolated(key) + "=</span>" + (value.empty() ? "" : isolated(value));
  }

  std::string users_in_words() const {
    const std::uint64_t shown = survey_.users.size();
    if (shown == stats().users) return "All " + counted(shown, "user") + ".";
    return fmt::format("{} of {} users, spread evenly from the oldest to the newest.", grouped(shown),
                       grouped(stats().users));
  }

  void users() {
    section("users", "Users", users_in_words());
    out_ +=
        "<noscript><p>This table is searched and shown by the page's script, which is switched off.</p></noscript>\n"
        "<div id=\"finder\" hidden><div class=\"find\" role=\"search\"><label for=\"find\">Find users</label>"
        "<input id=\"find\" type=\"search\" autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\" "
        "aria-describedby=\"find-how\"><p id=\"find-how\" class=\"what\">Words, <code>key=value</code>, "
        "<code>key=begins*</code>, <code>\"with blanks\"</code>; <code>!</code> before one excludes. All have to "
        "hold.</p></div>\n<p id=\"found\" role=\"status\"></p>\n";
    static constexpr std::array<std::string_view, 3> kHeads = {"User", "Tags", "#Revision"};
    table("Users and their tags", kHeads, "people");
    end_table();
    out_ += "<p><button id=\"more\" type=\"button\" hidden>Show more</button></p></div>\n";
    end_section();
    data();
  }

  // {"keys":[KEY,…],"users":[[EXTERNAL_ID,ID,REVISION,[NUMBER_OF_KEY,VALUE,…]],…]}
  void data() {
    std::map<std::string, std::size_t, std::less<>> numbers;
    std::string keys;
    out_ += R"(<script type="application/json" id="data">{"users":[)";
    for (const User& user : survey_.users) {
      if (&user != survey_.users.data()) out_ += ",\n";
      out_ += '[';
      append_script_string(out_, user.external_id());
      add(",\"{}\",{},[", std::string(user.id()), user.revision());
      for (bool first = true; const Tag& tag : user.tags()) {
        auto number = numbers.find(tag.key);
        if (number == numbers.end()) {
          number = numbers.emplace(tag.key, numbers.size()).first;
          if (!keys.empty()) keys += ',';
          append_script_string(keys, tag.key);
        }
        add("{}{},", first ? "" : ",", number->second);
        append_script_string(out_, tag.value);
        first = false;
      }
      out_ += "]]";
    }
    add("],\"keys\":[{}]}}</script>\n", keys);
  }

  void end() {
    add("</main>\n<footer><p>Made by usertags {}. The page holds what the store holds of its users: keep it as you "
        "keep the store.</p></footer>\n<script nonce=\"{}\">\n{}</script>\n</body>\n</html>\n",
        version(), head_.nonce, page_script());
  }

  const Survey& survey_;
  const PageHead& head_;
  std::string out_;
};

}   // namespace

std::string page_of(const Survey& survey, const PageHead& head) {
  return PageWriter(survey, head).write();
}

}   // namespace usertags::command
