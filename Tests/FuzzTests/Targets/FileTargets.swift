import CityCore
import CityJSON
import Devices
import Foundation
import Geo
import Operations
import Warnings

@testable import Incidents
@testable import LinkCarrier
@testable import Node

extension FuzzTarget {
  /// Areas and places, in any datum: what is accepted can be looked up.
  static let geojson = FuzzTarget("geojson", longest: 8_192) { bytes in
    let (which, text) = bytes.choice
    guard let value = try taken({ try JSON.parse(text) }) else { return }
    let datum: Datum? = which & 4 == 0 ? nil : Datum.allCases[Int(which >> 3) % 4]
    switch which & 3 {
    case 0: _ = try taken { try GeoJSON.point(value, datum: datum) }
    case 1:
      guard let area = try taken({ try GeoJSON.area(value, datum: datum) }) else { return }
      try require(area.area.isFinite && area.positionCount > 3, "an area of \(area.area)")
      if let inside = area.centroid { _ = area.contains(inside) }
    default:
      guard let found = try taken({ try GeoJSON.jurisdictions(value, datum: datum) }),
        let index = try taken({ try JurisdictionIndex(found) })
      else { return }
      for jurisdiction in index.jurisdictions {
        guard let corner = jurisdiction.area.rings.first?.positions.first else { continue }
        _ = index.lookup(corner)
        _ = index.covering(corner)
      }
    }
  }

  /// Tables of a pack and recorded series.
  static let tables = FuzzTarget("tables", longest: 8_192) { bytes in
    let (which, text) = bytes.choice
    switch which % 4 {
    case 0:
      if let rows = try taken({ try CSV.rows(text) }) {
        try require(rows.allSatisfy { !$0.fields.isEmpty }, "a row without fields")
      }
    case 1: _ = try taken { try ClassTable(csv: text) }
    case 2:
      if let table = try taken({ try LimitsTable(csv: text) }) {
        let due = CaseContext(now: Known.now, limits: table)
        let report = CaseReport(
          title: "t", classCode: "0101", grade: .red, source: .sensor, jurisdiction: Known.street)
        for step in LimitStep.allCases { _ = due.due(step, report) }
      }
    default:
      if let series = try taken({ try RecordedSeries(csv: text) }) {
        try require(series.rows.allSatisfy { $0.value.isFinite }, "a value that is no number")
        let times = series.rows.map(\.time)
        try require(times == times.sorted(), "rows out of order")
      }
    }
  }

  /// YAML as rules and as settings.
  static let yaml = FuzzTarget("yaml", longest: 8_192) { bytes in
    let (which, rest) = bytes.choice
    let text = rest.text
    if which & 1 == 0 {
      guard let tree = try taken({ try YAMLTree().tree(file: "rules.yaml", text: text) })
      else { return }
      if let rules = try taken({ try RuleParser.parse(tree) }) {
        let written = JSONValue.array(rules.map(\.value))
        let again = try taken { try RuleParser.parse(RuleSource(value: written)) }
        try require(again == rules, "rules that are written do not read as they were")
      }
    } else {
      _ = try taken {
        try SettingsLoader().load(file: ("node.yaml", text), environment: [:], flags: [])
      }
    }
  }

  /// Whole packs: files behind each other, each under a line `=== name`.
  static let packs = FuzzTarget("packs", longest: 16_384) { bytes in
    var files: [PackSource.File] = []
    for line in bytes.text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("=== ") {
        files.append(.init(name: String(line.dropFirst(4)), text: ""))
      } else if !files.isEmpty {
        files[files.count - 1].text += line + "\n"
      }
    }
    guard files.count <= 16 else { return }
    _ = try taken { try ScenarioPack(PackSource(files: files), reader: YAMLTree()) }
  }

  /// Backups and sealed files: nothing opens that was changed.
  static let backups = FuzzTarget("backups", longest: 4_096) { bytes in
    let (which, rest) = bytes.choice
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("citybeacon-fuzz-\(getpid())-\(UInt64.random(in: 0 ... .max))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let key = [UInt8](repeating: 7, count: 32)
    let file = folder + "/in"
    guard
      FileManager.default.createFile(
        atPath: file, contents: Data(rest), attributes: [.posixPermissions: 0o600])
    else { return }
    if which & 1 == 0 {
      let opened: Void? = try taken {
        var reader = try BackupReader(file, masterKey: key)
        while true {
          if case .end = try reader.next() { return }
        }
      }
      try require(opened == nil, "a backup of another key opens")
    } else {
      let sealed = try taken { try SealedFile.read(from: file, label: "fuzz", masterKey: key) }
      try require(sealed == nil, "a sealed file of another key opens")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    try require(left == ["in"], "it left \(left) behind")
  }
}
