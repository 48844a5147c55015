import CityCore

/// Comma-separated values (RFC 4180), strictly, with the line each row begins on.
struct CSV {
  struct Row {
    /// From 1.
    var line: Int
    var fields: [String]
  }
  static let maximumBytes = 8 << 20
  static let maximumRows = 100_000

  /// The rows, header included; empty lines are skipped. A byte order mark is skipped; lines end
  /// with LF or CRLF.
  /// - Throws: ``Problem`` `invalid` naming line and reason, `tooLarge`.
  static func rows(_ bytes: [UInt8]) throws(Problem) -> [Row] {
    guard bytes.count <= maximumBytes else {
      throw Problem(.tooLarge, "at most \(maximumBytes) bytes")
    }
    var parser = Parser(
      bytes: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...])
    return try parser.rows()
  }

  private struct Parser {
    let bytes: ArraySlice<UInt8>
    var line = 1
    init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    mutating func rows() throws(Problem) -> [Row] {
      var rows: [Row] = []
      var at = bytes.startIndex
      while at < bytes.endIndex {
        let start = line
        let fields = try row(&at)
        if fields.count == 1, fields[0].isEmpty { continue }
        guard rows.count < maximumRows else {
          throw Problem(.tooLarge, "at most \(maximumRows) rows")
        }
        rows.append(Row(line: start, fields: fields))
      }
      return rows
    }

    private mutating func row(_ at: inout Int) throws(Problem) -> [String] {
      var fields: [String] = []
      while true {
        fields.append(try at < bytes.endIndex && bytes[at] == 0x22 ? quoted(&at) : plain(&at))
        guard at < bytes.endIndex else { return fields }
        let byte = bytes[at]
        at += 1
        if byte == 0x2C { continue }
        line += 1
        return fields
      }
    }

    /// Up to a comma or the end of the line; leaves `at` on the comma or LF.
    private func plain(_ at: inout Int) throws(Problem) -> String {
      let start = at
      while at < bytes.endIndex, bytes[at] != 0x2C, bytes[at] != 0x0A {
        guard bytes[at] != 0x22 else { throw fault("a quote inside an unquoted field") }
        at += 1
      }
      var end = at
      if at == bytes.endIndex || bytes[at] == 0x0A, end > start, bytes[end - 1] == 0x0D { end -= 1 }
      return try text(bytes[start..<end])
    }

    private mutating func quoted(_ at: inout Int) throws(Problem) -> String {
      let opened = line
      var out: [UInt8] = []
      at += 1
      while at < bytes.endIndex {
        let byte = bytes[at]
        at += 1
        guard byte == 0x22 else {
          if byte == 0x0A { line += 1 }
          out.append(byte)
          continue
        }
        if at < bytes.endIndex, bytes[at] == 0x22 {
          out.append(0x22)
          at += 1
          continue
        }
        if at < bytes.endIndex, bytes[at] == 0x0D { at += 1 }
        guard at == bytes.endIndex || bytes[at] == 0x2C || bytes[at] == 0x0A else {
          throw fault("text after a closing quote")
        }
        return try text(out[...])
      }
      throw Problem(
        .invalid, "the table cannot be read",
        faults: [.init(at: "line \(opened)", reason: "a quote is not closed")])
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(Problem) -> String {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw fault("not UTF-8")
      }
      return text
    }

    private func fault(_ reason: String) -> Problem {
      Problem(
        .invalid, "the table cannot be read",
        faults: [.init(at: "line \(line)", reason: reason)])
    }
  }
}

/// A table with a header: finds columns by name and collects faults with their lines.
struct CSVTable {
  private let columns: [String: Int]
  let rows: [CSV.Row]
  private(set) var faults: [Problem.Fault] = []

  /// - Throws: ``Problem`` `invalid` when the text is no CSV, a needed column is missing, a column is
  ///   unknown or comes twice.
  init(_ bytes: [UInt8], needed: [String], optional: [String] = []) throws(Problem) {
    let all = try CSV.rows(bytes)
    guard let header = all.first else {
      throw Problem(
        .invalid, "the table is empty", faults: [.init(at: "line 1", reason: "no header")])
    }
    var columns: [String: Int] = [:]
    var faults: [Problem.Fault] = []
    for (index, name) in header.fields.enumerated() {
      if !(needed + optional).contains(name) {
        faults.append(.init(at: "line \(header.line): \(name)", reason: "unknown column"))
      } else if columns.updateValue(index, forKey: name) != nil {
        faults.append(.init(at: "line \(header.line): \(name)", reason: "comes twice"))
      }
    }
    for name in needed where columns[name] == nil {
      faults.append(.init(at: "line \(header.line): \(name)", reason: "the column is missing"))
    }
    guard faults.isEmpty else { throw Problem(.invalid, "the header is wrong", faults: faults) }
    self.columns = columns
    rows = Array(all.dropFirst())
    for row in rows where row.fields.count != header.fields.count {
      fault(row, nil, "has \(row.fields.count) fields, the header \(header.fields.count)")
    }
  }

  /// The field of a column; empty when the column or field is not there.
  func field(_ row: CSV.Row, _ column: String) -> String {
    guard let index = columns[column], index < row.fields.count else { return "" }
    return row.fields[index]
  }

  mutating func fault(_ row: CSV.Row, _ column: String?, _ reason: String) {
    let at = column.map { "line \(row.line): \($0)" } ?? "line \(row.line)"
    faults.append(.init(at: at, reason: reason))
  }

  /// - Throws: ``Problem`` `invalid` with every fault that was found.
  func finish() throws(Problem) {
    guard faults.isEmpty else {
      let count = faults.count
      throw Problem(
        .invalid, "\(count) fault\(count == 1 ? "" : "s") in the table", faults: faults)
    }
  }
}
