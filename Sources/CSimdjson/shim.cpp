#include <cstring>
#include <new>

#include "parser.hpp"

namespace {

/// One more level than is ever allowed, so that the shim's own count decides.
constexpr size_t simdjson_depth = CSJ_DEPTH_LIMIT + 8;
constexpr size_t longest_text = 0xFFFFFFFF - 4096;

size_t rounded_up(size_t length) {
  size_t capacity = 4096;
  while (capacity < length) { capacity *= 2; }
  return capacity < longest_text ? capacity : longest_text;
}

csj_code refuse(csj_fault *fault, csj_fault reason) {
  if (fault) { *fault = reason; }
  return reason.code;
}

}  // namespace

csj_code csj_parser::reserve(size_t length) {
  if (length <= capacity) { return CSJ_OK; }
  const size_t wanted = rounded_up(length);
  // A failure half way leaves buffers of different sizes: nothing fits until the next success.
  capacity = 0;
  if (dom.allocate(wanted, simdjson_depth) || dom.doc.allocate(wanted)) { return CSJ_NO_MEMORY; }
  capacity = wanted;
  return CSJ_OK;
}

csj_code csj_parser::take(const uint8_t *bytes, size_t length) {
  source = csj::RowSource::none;
  text_offset = csj::starts_with_mark(bytes, length) ? csj::byte_order_mark : 0;
  bytes += text_offset;
  length -= text_offset;
  if (length > longest_text) { return CSJ_TOO_LARGE; }
  if (length > text_capacity || !text) {
    const size_t wanted = rounded_up(length);
    text_capacity = 0;
    text.reset(new (std::nothrow) uint8_t[wanted + csj::padding]);
    if (!text) { return CSJ_NO_MEMORY; }
    text_capacity = wanted;
  }
  if (length > 0) { std::memcpy(text.get(), bytes, length); }
  std::memset(text.get() + length, 0, csj::padding);
  text_length = length;
  return CSJ_OK;
}

csj_fault csj_parser::parse(size_t start, size_t length) {
  const csj_code room = reserve(length);
  if (room != CSJ_OK) { return {room, -1}; }
  const auto error = dom.parse(text.get() + start, length, false).error();
  if (error == simdjson::SUCCESS && !has_lone_surrogate(start, length)) { return {CSJ_OK, -1}; }
  return explain(error, start, length);
}

/// simdjson 3.0 lets `\udc00` alone pass and writes it as three bytes that are no UTF-8.
bool csj_parser::has_lone_surrogate(size_t start, size_t length) const {
  const uint8_t *from = text.get() + start;
  const uint8_t *const end = from + length;
  while (from < end) {
    const void *found = std::memchr(from, '\\', size_t(end - from));
    if (!found) { return false; }
    from = static_cast<const uint8_t *>(found);
    // The text is valid JSON here: an escape has a second byte, and `\u` four more.
    if (from[1] != 'u') {
      from += 2;
    } else if ((from[2] | 0x20) != 'd' || from[3] < '8') {
      from += 6;
    } else {
      const uint8_t digit = from[3] | 0x20;
      if (digit >= 'c') { return true; }
      // A high one: simdjson has checked that a low one follows.
      from += 12;
    }
  }
  return false;
}

csj_fault csj_parser::explain(simdjson::error_code error, size_t start, size_t length) {
  if (error == simdjson::MEMALLOC) { return {CSJ_NO_MEMORY, -1}; }
  std::vector<size_t> wide;
  csj::Findings findings;
  findings.wide_integers = &wide;
  csj_fault fault = csj::locate(text.get() + start, length, CSJ_DEPTH_LIMIT, findings);
  if (fault.offset >= 0) { fault.offset += int64_t(start + text_offset); }
  if (fault.code != CSJ_OK) { return fault; }
  if (wide.empty()) { return {CSJ_INTERNAL, -1}; }

  // The grammar holds and no double overflows, so integers beyond 64 bits stopped simdjson.
  // `123e0` is the same number, but simdjson reads it as a double.
  const size_t widened_length = length + 2 * wide.size();
  if (widened_length > longest_text) { return {CSJ_TOO_LARGE, -1}; }
  const csj_code room = reserve(widened_length);
  if (room != CSJ_OK) { return {room, -1}; }
  widened.reset(new (std::nothrow) uint8_t[widened_length + csj::padding]);
  if (!widened) { return {CSJ_NO_MEMORY, -1}; }
  uint8_t *to = widened.get();
  size_t from = 0;
  for (const size_t end : wide) {
    std::memcpy(to, text.get() + start + from, end - from);
    to += end - from;
    *to++ = 'e';
    *to++ = '0';
    from = end;
  }
  std::memcpy(to, text.get() + start + from, length - from);
  std::memset(to + (length - from), 0, csj::padding);
  const auto again = dom.parse(widened.get(), widened_length, false).error();
  widened.reset();
  return {again == simdjson::SUCCESS ? CSJ_OK : CSJ_INTERNAL, -1};
}

extern "C" {

csj_parser *csj_parser_create(void) {
  try {
    return new csj_parser();
  } catch (...) {
    return nullptr;
  }
}

void csj_parser_destroy(csj_parser *parser) { delete parser; }

size_t csj_parser_capacity(const csj_parser *parser) {
  return parser->capacity > parser->text_capacity ? parser->capacity : parser->text_capacity;
}

csj_code csj_parse(
  csj_parser *parser, const uint8_t *bytes, size_t length, csj_document *document,
  csj_fault *fault) {
  try {
    const csj_code taken = parser->take(bytes, length);
    if (taken != CSJ_OK) { return refuse(fault, {taken, -1}); }
    const csj_fault result = parser->parse(0, parser->text_length);
    if (result.code != CSJ_OK) { return refuse(fault, result); }
    document->tape = parser->dom.doc.tape.get();
    document->strings = parser->dom.doc.string_buf.get();
    return CSJ_OK;
  } catch (...) {
    return refuse(fault, {CSJ_NO_MEMORY, -1});
  }
}

csj_fault csj_locate(const uint8_t *bytes, size_t length, size_t maximum_depth) {
  const size_t mark = csj::starts_with_mark(bytes, length) ? csj::byte_order_mark : 0;
  csj_fault fault = csj::locate(bytes + mark, length - mark, maximum_depth);
  if (fault.offset >= 0) { fault.offset += int64_t(mark); }
  return fault;
}

}  // extern "C"
