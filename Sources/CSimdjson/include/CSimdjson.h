#ifndef CITYBEACON_CSIMDJSON_H
#define CITYBEACON_CSIMDJSON_H

// A C face of Debian's simdjson (DOM parser). No C++ type and no exception crosses it.
//
// A `csj_parser` owns every buffer, is reused from call to call, and serves one thread at a time.
// What a call hands out (tape, strings, rows) stays valid until the next call with that parser.
// The caller's bytes are copied once into a padded buffer, so they need no padding of their own.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Documents may nest at most this deep, whatever the caller allows.
#define CSJ_DEPTH_LIMIT 512

/// Why a text is refused. Zero is success.
typedef enum : int32_t {
  CSJ_OK = 0,
  /// Nothing but white space.
  CSJ_EMPTY,
  /// A byte that cannot stand there.
  CSJ_UNEXPECTED,
  /// The text stops in the middle of a value.
  CSJ_ENDS_EARLY,
  /// Something follows the value.
  CSJ_TRAILING,
  /// An unescaped control character in a string.
  CSJ_CONTROL_CHARACTER,
  /// A backslash followed by something that is no escape.
  CSJ_BAD_ESCAPE,
  /// Half of a surrogate pair.
  CSJ_LONE_SURROGATE,
  CSJ_BAD_UTF8,
  /// A number that breaks the grammar, such as `01` or `1.`.
  CSJ_BAD_NUMBER,
  /// A number beyond the range of a double.
  CSJ_OVERFLOW,
  CSJ_TOO_DEEP,
  CSJ_TOO_LARGE,
  CSJ_TOO_MANY_ROWS,
  /// Readings: the document is neither an array nor an object.
  CSJ_NOT_ROWS,
  CSJ_NO_MEMORY,
  /// simdjson refused what the grammar check accepts: a defect of this shim.
  CSJ_INTERNAL
} csj_code;

typedef struct {
  csj_code code;
  /// Where in the caller's bytes; -1 when unknown.
  int64_t offset;
} csj_fault;

/// simdjson's tape: see its `doc/tape.md`. Word 0 is the root; the value starts at word 1.
/// A string word's payload is an offset into `strings`, where a native-endian 32-bit length, the
/// UTF-8 bytes and a zero stand.
typedef struct {
  const uint64_t *tape;
  const uint8_t *strings;
} csj_document;

typedef struct csj_parser csj_parser;

/// NULL when memory is short.
csj_parser *csj_parser_create(void);
void csj_parser_destroy(csj_parser *parser);
/// The longest text that the parser's buffers hold now; they take about fifteen times as much.
size_t csj_parser_capacity(const csj_parser *parser);

/// Parses one document. A leading byte order mark is skipped. Integers that fit no 64 bits become
/// doubles. Nesting is refused only beyond CSJ_DEPTH_LIMIT.
csj_code csj_parse(
  csj_parser *parser, const uint8_t *bytes, size_t length, csj_document *document,
  csj_fault *fault);

/// Checks the grammar without simdjson, to say exactly where a text is wrong.
csj_fault csj_locate(const uint8_t *bytes, size_t length, size_t maximum_depth);

// MARK: - Rows of readings

/// Why a row is refused. Zero is success.
typedef enum : int32_t {
  CSJ_ROW_OK = 0,
  /// The line is no JSON, NDJSON only; `fault` says why.
  CSJ_ROW_MALFORMED,
  CSJ_ROW_NOT_AN_OBJECT,
  CSJ_ROW_MISSING,
  CSJ_ROW_WRONG_TYPE,
  CSJ_ROW_DUPLICATE,
  /// A number beyond the range of a double; `fault` says where.
  CSJ_ROW_OVERFLOW
} csj_row_code;

typedef enum : int32_t {
  CSJ_MEMBER_NONE = 0,
  CSJ_MEMBER_DEVICE,
  CSJ_MEMBER_PROPERTY,
  CSJ_MEMBER_VALUE,
  CSJ_MEMBER_UNIT,
  CSJ_MEMBER_TIME,
  CSJ_MEMBER_ID
} csj_member;

/// Unescaped UTF-8; `start` is NULL when the member is absent or null.
typedef struct {
  const uint8_t *start;
  size_t length;
} csj_text;

typedef struct {
  csj_text device, property, unit, time, id;
  double value;
  csj_row_code code;
  /// The member that `code` speaks of.
  csj_member member;
  csj_fault fault;
} csj_row;

/// Starts on an array (or a single object), or with `ndjson` on lines of objects. Faults of the
/// whole body come from here; later only rows fail. Sets `rows` to the number of rows to come.
csj_code csj_rows_open(
  csj_parser *parser, const uint8_t *bytes, size_t length, int32_t ndjson, size_t maximum_rows,
  size_t *rows, csj_fault *fault);

/// The next row; 0 when there is none.
int32_t csj_rows_next(csj_parser *parser, csj_row *row);

#ifdef __cplusplus
}
#endif

#endif
