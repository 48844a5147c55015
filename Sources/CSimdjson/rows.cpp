#include <cmath>
#include <cstring>

#include "parser.hpp"

namespace {

constexpr uint64_t payload_mask = 0x00FFFFFFFFFFFFFF;
constexpr csj_fault no_fault = {CSJ_OK, -1};

char kind(uint64_t word) { return char(word >> 56); }
/// The word after a container; stands in the low half of the container's payload.
size_t after_container(uint64_t word) { return size_t(uint32_t(word)); }

bool is_space(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/// The member that a key names, by exact bytes.
csj_member member_named(const uint8_t *key, size_t length) {
  const auto is = [&](const char *name) { return std::memcmp(key, name, length) == 0; };
  switch (length) {
    case 2: return is("id") ? CSJ_MEMBER_ID : CSJ_MEMBER_NONE;
    case 4: return is("unit") ? CSJ_MEMBER_UNIT : is("time") ? CSJ_MEMBER_TIME : CSJ_MEMBER_NONE;
    case 5: return is("value") ? CSJ_MEMBER_VALUE : CSJ_MEMBER_NONE;
    case 6: return is("device") ? CSJ_MEMBER_DEVICE : CSJ_MEMBER_NONE;
    case 8: return is("property") ? CSJ_MEMBER_PROPERTY : CSJ_MEMBER_NONE;
    default: return CSJ_MEMBER_NONE;
  }
}

/// Reads one row off the tape.
class RowReader {
 public:
  RowReader(const simdjson::dom::document &document, csj_row *row)
      : tape_(document.tape.get()), strings_(document.string_buf.get()), row_(row) {}

  /// Returns the word after the value at `at`.
  size_t read(size_t at) {
    const size_t end = after(at);
    if (kind(tape_[at]) != '{') {
      refuse(CSJ_ROW_NOT_AN_OBJECT, CSJ_MEMBER_NONE);
      return end;
    }
    size_t key = at + 1;
    while (key + 1 < end) {
      const csj_text name = text(key);
      const size_t value = key + 1;
      const csj_member member = member_named(name.start, name.length);
      if (member != CSJ_MEMBER_NONE) { take(member, value); }
      key = after(value);
    }
    if (!row_->device.start) { refuse(CSJ_ROW_MISSING, CSJ_MEMBER_DEVICE); }
    if (!row_->property.start) { refuse(CSJ_ROW_MISSING, CSJ_MEMBER_PROPERTY); }
    if (!has_value_) { refuse(CSJ_ROW_MISSING, CSJ_MEMBER_VALUE); }
    return end;
  }

 private:
  void take(csj_member member, size_t at) {
    const uint32_t bit = 1u << member;
    if (seen_ & bit) { return refuse(CSJ_ROW_DUPLICATE, member); }
    seen_ |= bit;
    if (kind(tape_[at]) == 'n') { return; }
    switch (member) {
      case CSJ_MEMBER_DEVICE: return take_text(row_->device, member, at);
      case CSJ_MEMBER_PROPERTY: return take_text(row_->property, member, at);
      case CSJ_MEMBER_UNIT: return take_text(row_->unit, member, at);
      case CSJ_MEMBER_TIME: return take_text(row_->time, member, at);
      case CSJ_MEMBER_ID: return take_text(row_->id, member, at);
      case CSJ_MEMBER_VALUE: return take_value(at);
      case CSJ_MEMBER_NONE: return;
    }
  }

  void take_text(csj_text &field, csj_member member, size_t at) {
    if (kind(tape_[at]) != '"') { return refuse(CSJ_ROW_WRONG_TYPE, member); }
    field = text(at);
  }

  void take_value(size_t at) {
    switch (kind(tape_[at])) {
      case 'd': std::memcpy(&row_->value, tape_ + at + 1, sizeof(double)); break;
      case 'l': row_->value = double(int64_t(tape_[at + 1])); break;
      case 'u': row_->value = double(tape_[at + 1]); break;
      default: return refuse(CSJ_ROW_WRONG_TYPE, CSJ_MEMBER_VALUE);
    }
    if (!std::isfinite(row_->value)) { return refuse(CSJ_ROW_OVERFLOW, CSJ_MEMBER_VALUE); }
    has_value_ = true;
  }

  csj_text text(size_t at) const {
    const uint8_t *start = strings_ + (tape_[at] & payload_mask);
    uint32_t length = 0;
    std::memcpy(&length, start, sizeof(length));
    return {start + sizeof(length), length};
  }

  size_t after(size_t at) const {
    switch (kind(tape_[at])) {
      case '{': case '[': return after_container(tape_[at]);
      case 'l': case 'u': case 'd': return at + 2;
      default: return at + 1;
    }
  }

  /// The first fault of a row is the one reported.
  void refuse(csj_row_code code, csj_member member) {
    if (row_->code != CSJ_ROW_OK) { return; }
    row_->code = code;
    row_->member = member;
  }

  const uint64_t *tape_;
  const uint8_t *strings_;
  csj_row *row_;
  uint32_t seen_ = 0;
  bool has_value_ = false;
};

void clear(csj_row *row) {
  *row = csj_row();
  row->fault = no_fault;
}

/// A row that stands alone in the text: a line, or an element of a batch with a huge number.
void read_alone(csj_parser *parser, csj::Span span, csj_row *row) {
  const csj_fault fault = parser->parse(span.start, span.length);
  if (fault.code == CSJ_OK) {
    RowReader(parser->dom.doc, row).read(1);
    return;
  }
  row->code = fault.code == CSJ_OVERFLOW ? CSJ_ROW_OVERFLOW : CSJ_ROW_MALFORMED;
  row->fault = fault;
}

/// The next line that is not blank, without its line feed; false at the end of the text.
bool next_line(const uint8_t *text, size_t length, size_t &at, csj::Span &line) {
  while (at < length) {
    if (is_space(text[at])) {
      at += 1;
      continue;
    }
    const void *found = std::memchr(text + at, '\n', length - at);
    const size_t end =
      found ? size_t(static_cast<const uint8_t *>(found) - text) : length;
    line = {at, end - at};
    at = end;
    return true;
  }
  return false;
}

csj_fault open_lines(csj_parser *parser, size_t maximum_rows, size_t *rows) {
  size_t at = 0, count = 0, longest = 0;
  csj::Span line{};
  while (next_line(parser->text.get(), parser->text_length, at, line)) {
    if (count == maximum_rows) {
      return {CSJ_TOO_MANY_ROWS, int64_t(line.start + parser->text_offset)};
    }
    count += 1;
    if (line.length > longest) { longest = line.length; }
  }
  const csj_code room = parser->reserve(longest);
  if (room != CSJ_OK) { return {room, -1}; }
  parser->source = csj::RowSource::lines;
  parser->next_row = 0;
  *rows = count;
  return no_fault;
}

/// simdjson refuses a whole batch for one number beyond its range. When only that is wrong, the
/// rows are read one by one, so that the others are not lost.
csj_fault open_spans(csj_parser *parser, size_t maximum_rows, size_t *rows, csj_fault refusal) {
  parser->spans.clear();
  csj::Findings findings;
  findings.elements = &parser->spans;
  const csj_fault check =
    csj::locate(parser->text.get(), parser->text_length, CSJ_DEPTH_LIMIT, findings);
  if (check.code != CSJ_OVERFLOW) { return refusal; }
  size_t first = 0;
  csj::Span line{};
  if (parser->spans.empty() && next_line(parser->text.get(), parser->text_length, first, line)) {
    if (parser->text[line.start] != '{') { return {CSJ_NOT_ROWS, -1}; }
    parser->spans.push_back({0, parser->text_length});
  }
  if (parser->spans.size() > maximum_rows) { return {CSJ_TOO_MANY_ROWS, -1}; }
  parser->source = csj::RowSource::spans;
  parser->next_row = 0;
  parser->end_of_rows = parser->spans.size();
  *rows = parser->spans.size();
  return no_fault;
}

csj_fault open_tape(csj_parser *parser, size_t maximum_rows, size_t *rows) {
  const uint64_t *tape = parser->dom.doc.tape.get();
  const uint64_t root = tape[1];
  if (kind(root) != '[' && kind(root) != '{') { return {CSJ_NOT_ROWS, -1}; }
  size_t count = 1;
  if (kind(root) == '[') {
    count = size_t((root >> 32) & 0xFFFFFF);
    parser->next_row = 2;
    parser->end_of_rows = after_container(root) - 1;
  } else {
    parser->next_row = 1;
    parser->end_of_rows = 2;
  }
  if (count > maximum_rows) { return {CSJ_TOO_MANY_ROWS, -1}; }
  parser->source = csj::RowSource::tape;
  *rows = count;
  return no_fault;
}

csj_fault open(
  csj_parser *parser, const uint8_t *bytes, size_t length, bool lines, size_t maximum_rows,
  size_t *rows) {
  const csj_code taken = parser->take(bytes, length);
  if (taken != CSJ_OK) { return {taken, -1}; }
  // Beyond this the tape no longer counts elements.
  if (maximum_rows > 0xFFFFFE) { maximum_rows = 0xFFFFFE; }
  if (lines) { return open_lines(parser, maximum_rows, rows); }
  const csj_fault fault = parser->parse(0, parser->text_length);
  if (fault.code == CSJ_OK) { return open_tape(parser, maximum_rows, rows); }
  if (fault.code == CSJ_OVERFLOW) { return open_spans(parser, maximum_rows, rows, fault); }
  return fault;
}

}  // namespace

extern "C" {

csj_code csj_rows_open(
  csj_parser *parser, const uint8_t *bytes, size_t length, int32_t ndjson, size_t maximum_rows,
  size_t *rows, csj_fault *fault) {
  csj_fault result = {CSJ_NO_MEMORY, -1};
  *rows = 0;
  try {
    result = open(parser, bytes, length, ndjson != 0, maximum_rows, rows);
  } catch (...) {
  }
  *fault = result;
  return result.code;
}

int32_t csj_rows_next(csj_parser *parser, csj_row *row) {
  clear(row);
  try {
    switch (parser->source) {
      case csj::RowSource::none: return 0;
      case csj::RowSource::tape:
        if (parser->next_row >= parser->end_of_rows) { return 0; }
        parser->next_row = RowReader(parser->dom.doc, row).read(parser->next_row);
        return 1;
      case csj::RowSource::spans:
        if (parser->next_row >= parser->end_of_rows) { return 0; }
        read_alone(parser, parser->spans[parser->next_row], row);
        parser->next_row += 1;
        return 1;
      case csj::RowSource::lines: {
        csj::Span line{};
        if (!next_line(parser->text.get(), parser->text_length, parser->next_row, line)) {
          return 0;
        }
        read_alone(parser, line, row);
        return 1;
      }
    }
  } catch (...) {
    row->code = CSJ_ROW_MALFORMED;
    row->fault = {CSJ_NO_MEMORY, -1};
    return 1;
  }
  return 0;
}

}  // extern "C"
