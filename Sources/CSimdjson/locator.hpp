#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "CSimdjson.h"

namespace csj {

struct Span {
  size_t start;
  size_t length;
};

/// What a run of the locator may collect on the way.
struct Findings {
  /// Ends of the integers that fit no Int64.
  std::vector<size_t> *wide_integers = nullptr;
  /// The elements of a top-level array.
  std::vector<Span> *elements = nullptr;
};

/// A strict RFC 8259 check without recursion. It runs only after simdjson has refused a text,
/// because simdjson's DOM parser does not say where the fault lies.
/// A fault of the grammar comes before a number that is merely too large.
csj_fault locate(
  const uint8_t *bytes, size_t length, size_t maximum_depth, const Findings &findings = {});

}  // namespace csj
