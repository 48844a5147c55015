public import CityCore

extension ClassTable {
  /// Reads a city's own table: columns `code`, `kind` (`component` or `event`), `zh`, `en`. Kinds
  /// may be given as 部件 and 事件; an empty `en` takes the Chinese name.
  /// - Throws: ``Problem`` `invalid` with one fault for each thing that is wrong, by line.
  public init(csv bytes: [UInt8]) throws(Problem) {
    var table = try CSVTable(bytes, needed: ["code", "kind", "zh"], optional: ["en"])
    var rows: [Row] = []
    var seen: [String: Int] = [:]
    for row in table.rows {
      let code = ClassCode(rawValue: table.field(row, "code"))
      if code == nil { table.fault(row, "code", "1...12 letters and digits") }
      if let code, let first = seen.updateValue(row.line, forKey: code.rawValue) {
        table.fault(row, "code", "\(code) is defined on line \(first) already")
      }
      let kind = Self.kinds[table.field(row, "kind")]
      if kind == nil { table.fault(row, "kind", "must be component or event") }
      let zh = Self.name(&table, row, "zh", table.field(row, "zh"))
      let english = table.field(row, "en")
      let en = english.isEmpty ? zh : Self.name(&table, row, "en", english)
      if let code, let kind, let zh, let en {
        rows.append(Row(code: code, kind: kind, name: Label(zh: zh, en: en)))
      }
    }
    try table.finish()
    try self.init(rows: rows)
  }

  private static let kinds: [String: CaseKind] = [
    "component": .component, "部件": .component, "event": .event, "事件": .event,
  ]

  private static func name(
    _ table: inout CSVTable, _ row: CSV.Row, _ column: String, _ text: String
  ) -> String? {
    do throws(Problem) {
      return try TextRule.title(text, at: column)
    } catch {
      table.fault(row, column, error.faults.first?.reason ?? error.detail)
      return nil
    }
  }
}
