import CityCore
import Foundation
import Incidents

/// The tables that the product ships as data, read from where they lie.
enum Standard {
  static func bytes(_ name: String) throws -> [UInt8] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return Array(
      try Data(contentsOf: root.appendingPathComponent("Sources/Node/Resources/standard/\(name)")))
  }

  static func limits() throws -> LimitsTable { try LimitsTable(csv: bytes("limits.csv")) }
  static func classes() throws -> ClassTable { try ClassTable(csv: bytes("classes.csv")) }
  static let handling = HandlingPolicy(rows: [
    .init(grade: .red, level: .city), .init(grade: .orange, level: .district),
    .init(grade: .yellow, level: .street), .init(grade: .blue, level: .street),
  ])
}
