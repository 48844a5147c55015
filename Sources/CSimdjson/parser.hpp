#pragma once
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "CSimdjson.h"
#include "locator.hpp"

namespace csj {

/// simdjson reads whole vectors and so runs past the end of a text.
constexpr size_t padding = simdjson::SIMDJSON_PADDING;
constexpr size_t byte_order_mark = 3;

/// Where `csj_rows_next` takes its rows from.
enum class RowSource { none, tape, spans, lines };

inline bool starts_with_mark(const uint8_t *bytes, size_t length) {
  return length >= byte_order_mark && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF;
}

}  // namespace csj

struct csj_parser {
  simdjson::dom::parser dom;
  size_t capacity = 0;

  /// The caller's text with padding behind it.
  std::unique_ptr<uint8_t[]> text;
  size_t text_capacity = 0;
  size_t text_length = 0;
  /// Bytes of the caller that stand before `text`: 3 after a byte order mark.
  size_t text_offset = 0;
  /// A copy of a text in which integers that fit no 64 bits were made doubles.
  std::unique_ptr<uint8_t[]> widened;

  csj::RowSource source = csj::RowSource::none;
  /// The next word of the tape, span, or byte of the text.
  size_t next_row = 0;
  size_t end_of_rows = 0;
  std::vector<csj::Span> spans;

  /// Copies the text behind which `padding` bytes of zero stand.
  csj_code take(const uint8_t *bytes, size_t length);
  /// Makes room for texts of that length.
  csj_code reserve(size_t length);
  /// Parses a part of `text`. The offset of a fault counts in the caller's bytes.
  csj_fault parse(size_t start, size_t length);

 private:
  csj_fault explain(simdjson::error_code error, size_t start, size_t length);
  bool has_lone_surrogate(size_t start, size_t length) const;
};
