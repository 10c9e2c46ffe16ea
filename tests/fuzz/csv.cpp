// CSV: the same records however the input arrives, each at a line of its own; and those without a problem are
// read again from what they are written down as.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "input/csv.hpp"
#include "input/rows.hpp"

namespace usertags::fuzz {
namespace {

using command::CsvReader;
using command::Input;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {
    if (descriptor < 0) throw std::runtime_error("no descriptor");
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(descriptor_); }
  int get() const { return descriptor_; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void write_whole(const Descriptor& to, std::string_view bytes) {
  if (write(to.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("short write");
}

std::unique_ptr<Descriptor> file_of(std::string_view text) {
  auto file = std::make_unique<Descriptor>(memfd_create("csv", MFD_CLOEXEC));
  write_whole(*file, text);
  return file;
}

struct Reading {
  std::vector<CsvReader::Record> records;
  bool is_text = true;
};

Reading read_records(const std::string& path, std::size_t max_record) {
  Reading reading;
  try {
    Input input(path);
    CsvReader reader(input, max_record);
    for (CsvReader::Record record; reader.next(record);) reading.records.push_back(record);
  } catch (const command::UnreadableInput& unreadable) {
    expect_message(unreadable.error);
    reading.is_text = false;
  }
  return reading;
}

// A read of a packet pipe answers one packet, so that the reader meets its end there.
Reading read_in_pieces(std::string_view text, std::size_t max_record) {
  constexpr std::size_t kPackets = 16;   // as many as a pipe holds
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_DIRECT) != 0) throw std::runtime_error("no pipe");
  const Descriptor read_end(ends[0]);
  {
    const Descriptor write_end(ends[1]);
    for (std::size_t sent = 0, packet = 0; sent < text.size(); ++packet) {
      const std::size_t left = text.size() - sent;
      const std::size_t size = std::min(left, packet + 1 < kPackets ? 1 + left * packet / 64 : left);
      write_whole(write_end, text.substr(sent, size));
      sent += size;
    }
  }
  return read_records(read_end.path(), max_record);
}

void expect_same(const Reading& whole, const Reading& pieces) {
  test::expect_number("records in pieces", whole.records.size(), pieces.records.size());
  for (std::size_t i = 0; i < whole.records.size(); ++i) {
    const CsvReader::Record& expected = whole.records[i];
    const CsvReader::Record& found = pieces.records[i];
    test::expect(expected.fields == found.fields && expected.line == found.line &&
                     expected.text == found.text && expected.problem == found.problem,
                 "record " + std::to_string(i) + " in pieces", test::in_quotes(expected.text),
                 test::in_quotes(found.text));
  }
}

void expect_lines_in_order(const Reading& reading) {
  std::uint64_t last = 0;
  for (const CsvReader::Record& record : reading.records) {
    test::expect(record.line > last, "the line of a record", "after " + std::to_string(last),
                 std::to_string(record.line));
    last = record.line;
  }
}

std::string quoted_field(const std::string& field) {
  std::string quoted = "\"";
  for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

void expect_written_again(const Reading& reading) {
  std::string text = "\"\"\n";   // so that what the text begins with is no mark of UTF-16
  std::vector<std::vector<std::string>> expected{{""}};
  for (const CsvReader::Record& record : reading.records) {
    if (!record.problem.empty()) continue;
    expected.push_back(record.fields);
    for (std::size_t i = 0; i < record.fields.size(); ++i)
      text += (i == 0 ? "" : ",") + quoted_field(record.fields[i]);
    text += '\n';
  }
  const Reading again = read_records(file_of(text)->path(), command::kMaxCsvRecord);
  test::expect_number("records written down again", expected.size(), again.records.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    test::expect(again.records[i].problem.empty() && again.records[i].fields == expected[i],
                 "a record written down again", "its fields", test::in_quotes(again.records[i].text));
}

void read_users(const std::string& path) {
  try {
    Input input(path);
    const auto rows = command::csv_rows(input, std::nullopt);
    if (!rows) return expect_refusal(rows.error(), ErrorCode::invalid_argument, 0);
    command::Row row;
    while ((*rows)->next(row)) {
      if (!row.user) expect_refusal(row.user.error(), ErrorCode::invalid_argument, row.text.size());
    }
  } catch (const command::UnreadableInput& unreadable) {
    expect_message(unreadable.error);
  }
}

void examine(std::string_view input) {
  constexpr std::size_t kMaxRecord = 64;   // so small that it is met
  constexpr std::size_t kMaxPacket = 4096;
  const auto file = file_of(input);
  const Reading whole = read_records(file->path(), kMaxRecord);
  expect_lines_in_order(whole);
  expect_written_again(whole);
  if (whole.is_text && input.size() <= kMaxPacket) expect_same(whole, read_in_pieces(input, kMaxRecord));
  read_users(file->path());
}

}   // namespace

const Target csv{.name = "csv",
                 .what = "CSV gives the same records however it arrives, and when written down again",
                 .examine = examine};

}   // namespace usertags::fuzz
