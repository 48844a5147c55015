import CityCore
import Devices
import Synchronization

/// The names behind the numbers, and the few facts that belong to no single file of readings.
/// A name is durable here before any reading with its number is written.
final class Catalogue: Sendable {
  enum Kind: String, CaseIterable { case device, property }

  struct Names {
    var ids: [String: Int32] = [:]
    /// By id, from 1.
    var texts: [String] = [""]
  }

  private let names: Mutex<(device: Names, property: Names)>
  private let connection: SharedConnection

  /// - Throws: `corrupted`, `storageFull`, `unavailable`.
  init(path: String) throws(Problem) {
    let connection = try Self.open(path)
    let devices = try Self.load(.device, connection)
    let properties = try Self.load(.property, connection)
    names = Mutex((devices, properties))
    self.connection = SharedConnection(connection)
  }

  private static func open(_ path: String) throws(Problem) -> sending SQLiteConnection {
    let connection = try SQLiteConnection(path: path, mode: .readWrite)
    try connection.makeDurable()
    switch try connection.integer("PRAGMA user_version") ?? 0 {
    case 1: break
    case 0: try connection.transaction { () throws(Problem) in try connection.execute(tables) }
    case let other:
      throw Problem(
        .unavailable, "\(connection.file) was written by a newer version (\(other)) of CityBeacon")
    }
    return connection
  }

  private static let tables = """
    CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE property(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE latest(
      device INTEGER NOT NULL REFERENCES device, property INTEGER NOT NULL REFERENCES property,
      time INTEGER NOT NULL, value REAL NOT NULL,
      PRIMARY KEY(device, property)) STRICT, WITHOUT ROWID;
    CREATE TABLE setting(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
    """

  private static func load(_ kind: Kind, _ connection: SQLiteConnection) throws(Problem) -> Names {
    let statement = try connection.prepare("SELECT id, name FROM \(kind.rawValue) ORDER BY id")
    var names = Names()
    while try statement.step() {
      guard statement.int64(0) == names.texts.count, let text = statement.text(1) else {
        throw Problem(.corrupted, "\(connection.file): the \(kind.rawValue) numbers have gaps")
      }
      names.ids[text] = statement.int32(0)
      names.texts.append(text)
    }
    return names
  }

  // MARK: Names

  func find(_ name: String, _ kind: Kind) -> Int32? {
    names.withLock { kind == .device ? $0.device.ids[name] : $0.property.ids[name] }
  }

  func text(_ id: Int32, _ kind: Kind) -> String? {
    names.withLock { both in
      let texts = kind == .device ? both.device.texts : both.property.texts
      return id > 0 && Int(id) < texts.count ? texts[Int(id)] : nil
    }
  }

  /// Highest ids given out so far.
  func bounds() -> (device: Int32, property: Int32) {
    names.withLock { (Int32($0.device.texts.count - 1), Int32($0.property.texts.count - 1)) }
  }

  /// The number of a name, made when there is none.
  func intern(_ name: String, _ kind: Kind) throws(Problem) -> Int32 {
    if let id = find(name, kind) { return id }
    try intern([name], kind)
    guard let id = find(name, kind) else {
      throw Problem(.internalFault, "a name was not interned")
    }
    return id
  }

  /// Makes numbers for all names that have none, in one commit.
  func intern(_ wanted: [String], _ kind: Kind) throws(Problem) {
    try connection.use { (connection) throws(Problem) in
      // Only who holds the connection adds names, so that numbers stay contiguous.
      var next = kind == .device ? self.bounds().device : self.bounds().property
      var added: [(name: String, id: Int32)] = []
      var seen: Set<String> = []
      for name in wanted where self.find(name, kind) == nil && seen.insert(name).inserted {
        next += 1
        added.append((name, next))
      }
      guard !added.isEmpty else { return }
      try connection.transaction { () throws(Problem) in
        let statement = try connection.cached("INSERT INTO \(kind.rawValue) VALUES(?, ?)")
        for (name, id) in added {
          statement.bind(1, id)
          statement.bind(2, name)
          try statement.run()
        }
      }
      self.names.withLock { both in
        for (name, id) in added {
          if kind == .device {
            both.device.ids[name] = id
            both.device.texts.append(name)
          } else {
            both.property.ids[name] = id
            both.property.texts.append(name)
          }
        }
      }
    }
  }

  // MARK: Settings and latest values

  func setting(_ name: String) throws(Problem) -> Int64? {
    try connection.use { (connection) throws(Problem) in
      let statement = try connection.cached("SELECT value FROM setting WHERE name = ?")
      statement.bind(1, name)
      defer { statement.reset() }
      return try statement.step() ? statement.int64(0) : nil
    }
  }

  func set(_ name: String, _ value: Int64) throws(Problem) {
    try connection.use { (connection) throws(Problem) in
      try Self.set(name, value, connection)
    }
  }

  private static func set(
    _ name: String, _ value: Int64, _ connection: SQLiteConnection
  ) throws(Problem) {
    let statement = try connection.cached("INSERT OR REPLACE INTO setting VALUES(?, ?)")
    statement.bind(1, name)
    statement.bind(2, value)
    try statement.run()
  }

  func loadLatest() throws(Problem) -> ReadingBatch {
    try connection.use { (connection) throws(Problem) in
      let statement = try connection.cached("SELECT device, property, time, value FROM latest")
      defer { statement.reset() }
      var batch = ReadingBatch()
      while try statement.step() {
        batch.append(
          device: statement.int32(0), property: statement.int32(1), value: statement.double(3),
          time: UTCTime(rawValue: statement.int64(2)))
      }
      return batch
    }
  }

  /// Keeps the latest values as they were after `position`.
  func saveLatest(_ batch: ReadingBatch, position: Int64) throws(Problem) {
    try connection.use { (connection) throws(Problem) in
      try connection.transaction { () throws(Problem) in
        let statement = try connection.cached("INSERT OR REPLACE INTO latest VALUES(?, ?, ?, ?)")
        for row in 0..<batch.count {
          statement.bind(1, batch.devices[row])
          statement.bind(2, batch.properties[row])
          statement.bind(3, batch.times[row])
          statement.bind(4, batch.values[row])
          try statement.run()
        }
        try Self.set("latest_position", position, connection)
      }
    }
  }
}
