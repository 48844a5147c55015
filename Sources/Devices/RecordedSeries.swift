public import CityCore

/// The readings of one property as a file of `timestamp,value` lines keeps them, the earliest first.
public struct RecordedSeries: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public let time: UTCTime
    public let value: Double
  }
  public let rows: [Row]

  /// Bytes of one file.
  public static let maximumBytes = 256 << 20
  /// Faults that are told; the detail counts all of them.
  private static let toldFaults = 50

  /// Reads lines of `timestamp,value`: RFC 3339, or `2015-09-01 11:25:00` for UTC. A first line that
  /// begins with `timestamp`, blank lines and a byte order mark are passed over; lines end with LF or
  /// CRLF.
  /// - Throws: ``Problem`` `invalid` with the numbers of faulty lines, `tooLarge`.
  public init(csv bytes: [UInt8]) throws(Problem) {
    guard bytes.count <= Self.maximumBytes else {
      throw Problem(.tooLarge, "a series may have \(Self.maximumBytes) bytes")
    }
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    var rows: [Row] = []
    var faults: [Problem.Fault] = []
    var faulty = 0
    var number = 0
    var rest = text
    while !rest.isEmpty {
      let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
      let line = Self.trimmed(rest[..<end])
      rest = rest[end...].dropFirst()
      number += 1
      if line.isEmpty || (number == 1 && line.starts(with: "timestamp".utf8)) { continue }
      if let row = Self.row(line) {
        rows.append(row)
      } else {
        faulty += 1
        if faulty <= Self.toldFaults {
          faults.append(.init(at: "line \(number)", reason: "is not timestamp,value"))
        }
      }
    }
    guard faulty == 0 else {
      throw Problem(.invalid, "\(faulty) faulty line\(faulty == 1 ? "" : "s")", faults: faults)
    }
    self.rows = rows.sorted { $0.time < $1.time }
  }

  private static func row(_ line: ArraySlice<UInt8>) -> Row? {
    let cells = line.split(separator: 0x2C, omittingEmptySubsequences: false)
    guard cells.count == 2 else { return nil }
    let stamp = String(decoding: trimmed(cells[0]), as: UTF8.self)
    // Without a `T` the line says a local time of nowhere; such files mean UTC.
    let isBare = stamp.utf8.contains(0x20) && stamp.utf8.last != 0x5A
    guard let time = UTCTime(isBare ? stamp + "Z" : stamp),
      let value = Double(String(decoding: trimmed(cells[1]), as: UTF8.self)), value.isFinite
    else { return nil }
    return Row(time: time, value: value)
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    var line = line.drop(while: isSpace)
    while let last = line.last, isSpace(last) { line.removeLast() }
    return line
  }
}
