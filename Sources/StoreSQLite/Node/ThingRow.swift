import CityCore
import Journal

/// How a thing lies in its row.
enum ThingRow {
  static let columns = """
    id, owner, offered_to, term, version, last_event, wall, counter, jurisdiction, grade, class_code,
    data_class, parties, title, stage, is_open, longitude, latitude, parent, assignee, rule, subject,
    source, external_id, opened, due, closed, wake, text, arrived, state
    """
  static let columnCount: Int32 = 31

  static func decode(_ statement: SQLiteStatement) throws(Problem) -> ThingRecord {
    guard let lastEvent = EventID(try statement.string(5)) else { throw statement.damaged(5) }
    guard let counter = UInt32(exactly: statement.int64(7)) else { throw statement.damaged(7) }
    return ThingRecord(
      id: try statement.id(0), owner: try statement.id(1), offeredTo: try statement.optionalID(2),
      term: Int(statement.int64(3)), version: Int(statement.int64(4)), lastEvent: lastEvent,
      updated: HybridTime(milliseconds: statement.int64(6), counter: counter),
      labels: try labels(statement), state: statement.blob(30), index: try index(statement),
      arrived: statement.optionalTime(29))
  }

  private static func labels(_ statement: SQLiteStatement) throws(Problem) -> Labels {
    let grade = statement.optionalInt64(9)
    guard let dataClass = DataClass(number: statement.int64(11)) else {
      throw statement.damaged(11)
    }
    var parties: [NodeID] = []
    for name in try statement.string(12).split(separator: ",") {
      guard let node = NodeID(rawValue: String(name)) else { throw statement.damaged(12) }
      parties.append(node)
    }
    return Labels(
      jurisdiction: try statement.id(8),
      grade: grade.flatMap { number in Grade.allCases.first { $0.severity == Int(number) } },
      classCode: statement.text(10), dataClass: dataClass, parties: parties)
  }

  private static func index(_ statement: SQLiteStatement) throws(Problem) -> ThingIndex {
    var place: Coordinate?
    if let longitude = statement.optionalDouble(16), let latitude = statement.optionalDouble(17) {
      place = Coordinate(longitude: longitude, latitude: latitude)
    }
    return ThingIndex(
      title: try statement.string(13), stage: try statement.string(14),
      isOpen: statement.int64(15) != 0, place: place, parent: try statement.optionalID(18),
      assignee: try statement.optionalID(19), rule: statement.text(20),
      subject: statement.text(21), source: statement.text(22), externalId: statement.text(23),
      opened: statement.time(24), due: statement.optionalTime(25),
      closed: statement.optionalTime(26), wake: statement.optionalTime(27),
      text: try statement.string(28))
  }

  // MARK: Writing

  private static let insert =
    "INSERT INTO thing(kind, \(columns)) VALUES("
    + [String](repeating: "?", count: 32)
    .joined(separator: ", ") + ")"

  /// Columns by name, in the order of ``columns`` without the id.
  private static let names = columns.split { ", \n".contains($0) }.dropFirst().map(String.init)

  /// Writes as little as the change asks for: SQLite takes a row out of every index of which a column
  /// is named, and puts it in again, whether its value changed or not.
  static func put(
    _ thing: ThingRecord, before: ThingRecord?, _ connection: SQLiteConnection
  ) throws(Problem) {
    guard let before else {
      let statement = try connection.cached(insert)
      statement.bind([.text(thing.id.kind)] + insertValues(thing))
      try statement.run()
      return try ThingWords.put(
        ThingWords.Entry(thing), number: connection.lastInsertedRow, connection)
    }
    let (old, new) = (insertValues(before), insertValues(thing))
    var changed: [SQLiteValue] = []
    var sql = "UPDATE thing SET version = version"
    for index in names.indices where old[index + 1] != new[index + 1] {
      changed.append(new[index + 1])
      sql += ", " + names[index] + " = ?"
    }
    let statement = try connection.cached(sql + " WHERE id = ?")
    statement.bind(changed + [.id(thing.id)])
    try statement.run()
    guard
      thing.index.title != before.index.title || thing.index.text != before.index.text
        || thing.index.isOpen != before.index.isOpen
        || thing.labels.jurisdiction != before.labels.jurisdiction
    else { return }
    try index(thing, before: before, connection)
  }

  /// Brings the index of words up to date.
  private static func index(
    _ thing: ThingRecord, before: ThingRecord, _ connection: SQLiteConnection
  ) throws(Problem) {
    let (old, new) = (ThingWords.Entry(before), ThingWords.Entry(thing))
    guard old != new else { return }
    let number = try connection.first("SELECT number FROM thing WHERE id = ?", .id(thing.id)) {
      (row) throws(Problem) in row.int64(0)
    }
    guard let number else { throw Problem(.internalFault, "\(thing.id) has no row") }
    try ThingWords.remove(old, number: number, connection)
    try ThingWords.put(new, number: number, connection)
  }

  private static func indexedValues(_ thing: ThingRecord) -> [SQLiteValue] {
    let (index, labels) = (thing.index, thing.labels)
    return [
      .id(thing.owner), .id(thing.offeredTo), .id(labels.jurisdiction),
      labels.grade.map { .int($0.severity) } ?? .null, .text(labels.classCode),
      .integer(labels.dataClass.number),
      .text(labels.parties.map(\.rawValue).joined(separator: ",")), .text(index.stage),
      .bool(index.isOpen), index.place.map { .real($0.longitude) } ?? .null,
      index.place.map { .real($0.latitude) } ?? .null, .id(index.parent), .id(index.assignee),
      .text(index.rule), .text(index.subject), .text(index.source), .text(index.externalId),
      .time(index.opened), .time(index.due), .time(index.closed), .time(index.wake),
    ]
  }

  /// In the order of ``columns``.
  private static func insertValues(_ thing: ThingRecord) -> [SQLiteValue] {
    let indexed = indexedValues(thing)
    let head: [SQLiteValue] = [
      .id(thing.id), indexed[0], indexed[1], .int(thing.term), .int(thing.version),
      .text(thing.lastEvent.description), .integer(thing.updated.milliseconds),
      .integer(Int64(thing.updated.counter)),
    ]
    return head + indexed[2...6] + [.text(thing.index.title)] + indexed[7...20]
      + [.text(thing.index.text), .time(thing.arrived), .blob(thing.state)]
  }
}
