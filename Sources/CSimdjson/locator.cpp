#include "locator.hpp"

#include <bitset>
#include <charconv>
#include <cstring>

namespace csj {
namespace {

class Locator {
 public:
  Locator(const uint8_t *bytes, size_t length, size_t maximum_depth, const Findings &findings)
      : bytes_(bytes), length_(length), findings_(findings) {
    maximum_depth_ = maximum_depth < CSJ_DEPTH_LIMIT ? maximum_depth : CSJ_DEPTH_LIMIT;
  }

  csj_fault run() {
    if (!document()) { return fault_; }
    if (overflow_ >= 0) { return {CSJ_OVERFLOW, overflow_}; }
    return {CSJ_OK, -1};
  }

 private:
  enum class Next { value, key, after };

  bool document() {
    skip_space();
    if (at_ == length_) { return fail(CSJ_EMPTY); }
    Next next = Next::value;
    while (true) {
      switch (next) {
        case Next::value:
          if (!value(next)) { return false; }
          break;
        case Next::key:
          if (!key()) { return false; }
          next = Next::value;
          break;
        case Next::after:
          if (depth_ == 0) {
            skip_space();
            return at_ == length_ || fail(CSJ_TRAILING);
          }
          if (!after(next)) { return false; }
          break;
      }
    }
  }

  bool value(Next &next) {
    skip_space();
    if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
    if (depth_ == 1 && findings_.elements && !is_object_[1]) { element_ = at_; }
    next = Next::after;
    switch (bytes_[at_]) {
      case '{': return open(true, next);
      case '[': return open(false, next);
      case '"': return string();
      case 't': return word("true", 4);
      case 'f': return word("false", 5);
      case 'n': return word("null", 4);
      case '-': case '0': case '1': case '2': case '3': case '4':
      case '5': case '6': case '7': case '8': case '9': return number();
      default: return fail(CSJ_UNEXPECTED);
    }
  }

  bool open(bool object, Next &next) {
    if (depth_ == maximum_depth_) { return fail(CSJ_TOO_DEEP); }
    depth_ += 1;
    is_object_[depth_] = object;
    at_ += 1;
    skip_space();
    if (at_ < length_ && bytes_[at_] == (object ? '}' : ']')) {
      at_ += 1;
      depth_ -= 1;
      next = Next::after;
    } else {
      next = object ? Next::key : Next::value;
    }
    return true;
  }

  bool after(Next &next) {
    const size_t end = at_;
    skip_space();
    if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
    const bool object = is_object_[depth_];
    const uint8_t byte = bytes_[at_];
    if (byte != ',' && byte != (object ? '}' : ']')) { return fail(CSJ_UNEXPECTED); }
    if (depth_ == 1 && !object && findings_.elements) {
      findings_.elements->push_back({element_, end - element_});
    }
    at_ += 1;
    if (byte == ',') {
      next = object ? Next::key : Next::value;
    } else {
      depth_ -= 1;
      next = Next::after;
    }
    return true;
  }

  bool key() {
    skip_space();
    if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
    if (bytes_[at_] != '"') { return fail(CSJ_UNEXPECTED); }
    if (!string()) { return false; }
    skip_space();
    if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
    if (bytes_[at_] != ':') { return fail(CSJ_UNEXPECTED); }
    at_ += 1;
    return true;
  }

  bool word(const char *text, size_t count) {
    for (size_t index = 0; index < count; index += 1, at_ += 1) {
      if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
      if (bytes_[at_] != uint8_t(text[index])) { return fail(CSJ_UNEXPECTED); }
    }
    return at_ == length_ || ends_scalar(bytes_[at_]) || fail(CSJ_UNEXPECTED);
  }

  static bool ends_scalar(uint8_t byte) {
    switch (byte) {
      case ' ': case '\t': case '\n': case '\r':
      case ',': case ':': case '[': case ']': case '{': case '}': return true;
      default: return false;
    }
  }

  static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

  size_t digits() {
    const size_t start = at_;
    while (at_ < length_ && is_digit(bytes_[at_])) { at_ += 1; }
    return at_ - start;
  }

  bool number() {
    const size_t start = at_;
    if (bytes_[at_] == '-') { at_ += 1; }
    const size_t first = at_;
    const size_t whole = digits();
    if (whole == 0) { return number_fault(); }
    if (bytes_[first] == '0' && whole > 1) {
      at_ = first + 1;
      return fail(CSJ_BAD_NUMBER);
    }
    bool integer = true;
    if (at_ < length_ && bytes_[at_] == '.') {
      integer = false;
      at_ += 1;
      if (digits() == 0) { return number_fault(); }
    }
    bool exponent = false;
    if (at_ < length_ && (bytes_[at_] | 0x20) == 'e') {
      integer = false;
      exponent = true;
      at_ += 1;
      if (at_ < length_ && (bytes_[at_] == '+' || bytes_[at_] == '-')) { at_ += 1; }
      if (digits() == 0) { return number_fault(); }
    }
    if (at_ < length_ && !ends_scalar(bytes_[at_])) { return fail(CSJ_BAD_NUMBER); }
    if (integer && findings_.wide_integers && exceeds_int64(first, whole, first != start)) {
      findings_.wide_integers->push_back(at_);
    }
    if ((exponent || whole > 308) && overflow_ < 0 && overflows(start)) {
      overflow_ = int64_t(start);
    }
    return true;
  }

  bool exceeds_int64(size_t first, size_t count, bool negative) const {
    if (count != 19) { return count > 19; }
    const char *limit = negative ? "9223372036854775808" : "9223372036854775807";
    return std::memcmp(bytes_ + first, limit, count) > 0;
  }

  bool number_fault() { return fail(at_ == length_ ? CSJ_ENDS_EARLY : CSJ_BAD_NUMBER); }

  /// `from_chars` reports too large and too small alike; the decimal exponent tells which.
  bool overflows(size_t start) const {
    const char *from = reinterpret_cast<const char *>(bytes_ + start);
    const char *to = reinterpret_cast<const char *>(bytes_ + at_);
    double parsed = 0;
    if (std::from_chars(from, to, parsed).ec != std::errc::result_out_of_range) { return false; }
    int64_t scale = 0;
    bool significant = false, fraction = false;
    for (const char *at = from; at != to; at += 1) {
      if (*at == '.') {
        fraction = true;
      } else if ((*at | 0x20) == 'e') {
        const bool negative = at[1] == '-';
        int64_t exponent = 0;
        for (at += 1; at != to; at += 1) {
          if (is_digit(uint8_t(*at)) && exponent < 1'000'000'000'000) {
            exponent = exponent * 10 + (*at - '0');
          }
        }
        scale += negative ? -exponent : exponent;
        break;
      } else if (is_digit(uint8_t(*at))) {
        significant = significant || *at != '0';
        if (significant && !fraction) { scale += 1; }
        if (!significant && fraction) { scale -= 1; }
      }
    }
    return scale > 0;
  }

  bool string() {
    at_ += 1;
    while (at_ < length_) {
      const uint8_t byte = bytes_[at_];
      if (byte == '"') {
        at_ += 1;
        return true;
      }
      if (byte < 0x20) { return fail(CSJ_CONTROL_CHARACTER); }
      if (byte == '\\') {
        if (!escape()) { return false; }
      } else if (byte < 0x80) {
        at_ += 1;
      } else if (!multibyte()) {
        return false;
      }
    }
    return fail(CSJ_ENDS_EARLY);
  }

  bool escape() {
    const size_t start = at_;
    if (at_ + 1 == length_) { return fail(CSJ_ENDS_EARLY, length_); }
    switch (bytes_[at_ + 1]) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        at_ += 2;
        return true;
      case 'u': break;
      default: return fail(CSJ_BAD_ESCAPE);
    }
    uint32_t unit = 0;
    if (!code_unit(unit)) { return false; }
    if (unit < 0xD800 || unit > 0xDFFF) { return true; }
    if (unit > 0xDBFF) { return fail(CSJ_LONE_SURROGATE, start); }
    if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
    if (bytes_[at_] != '\\' || (at_ + 1 < length_ && bytes_[at_ + 1] != 'u')) {
      return fail(CSJ_LONE_SURROGATE, start);
    }
    if (at_ + 1 == length_) { return fail(CSJ_ENDS_EARLY, length_); }
    uint32_t low = 0;
    if (!code_unit(low)) { return false; }
    return (low >= 0xDC00 && low <= 0xDFFF) || fail(CSJ_LONE_SURROGATE, start);
  }

  /// Reads `\uXXXX`.
  bool code_unit(uint32_t &unit) {
    const size_t start = at_;
    at_ += 2;
    unit = 0;
    for (int index = 0; index < 4; index += 1, at_ += 1) {
      if (at_ == length_) { return fail(CSJ_ENDS_EARLY); }
      const uint8_t byte = bytes_[at_];
      const uint8_t letter = byte | 0x20;
      if (is_digit(byte)) {
        unit = unit << 4 | uint32_t(byte - '0');
      } else if (letter >= 'a' && letter <= 'f') {
        unit = unit << 4 | uint32_t(letter - 'a' + 10);
      } else {
        return fail(CSJ_BAD_ESCAPE, start);
      }
    }
    return true;
  }

  /// One character of two to four bytes, RFC 3629: no overlong form, no surrogate.
  bool multibyte() {
    const uint8_t lead = bytes_[at_];
    size_t count = 0;
    uint8_t low = 0x80, high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      count = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      count = 2;
      if (lead == 0xE0) { low = 0xA0; }
      if (lead == 0xED) { high = 0x9F; }
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      count = 3;
      if (lead == 0xF0) { low = 0x90; }
      if (lead == 0xF4) { high = 0x8F; }
    } else {
      return fail(CSJ_BAD_UTF8);
    }
    for (size_t index = 1; index <= count; index += 1) {
      if (at_ + index >= length_) { return fail(CSJ_ENDS_EARLY, length_); }
      const uint8_t byte = bytes_[at_ + index];
      if (byte < low || byte > high) { return fail(CSJ_BAD_UTF8); }
      low = 0x80;
      high = 0xBF;
    }
    at_ += count + 1;
    return true;
  }

  void skip_space() {
    while (at_ < length_) {
      const uint8_t byte = bytes_[at_];
      if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') { return; }
      at_ += 1;
    }
  }

  bool fail(csj_code code) { return fail(code, at_); }
  bool fail(csj_code code, size_t offset) {
    fault_ = {code, int64_t(offset)};
    return false;
  }

  const uint8_t *bytes_;
  size_t length_;
  Findings findings_;
  size_t maximum_depth_;
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t element_ = 0;
  int64_t overflow_ = -1;
  csj_fault fault_ = {CSJ_OK, -1};
  std::bitset<CSJ_DEPTH_LIMIT + 1> is_object_;
};

}  // namespace

csj_fault locate(
  const uint8_t *bytes, size_t length, size_t maximum_depth, const Findings &findings) {
  return Locator(bytes, length, maximum_depth, findings).run();
}

}  // namespace csj
