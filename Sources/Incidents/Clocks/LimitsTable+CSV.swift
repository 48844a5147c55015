public import CityCore

extension LimitsTable {
  /// Reads a city's own table: columns `class` (a code or its beginning, empty for all), `step`,
  /// `grade` (may be empty), `clock`, `amount` (hours or days), and, for rules of a season, `from`
  /// and `to` as `MM-DD`. Grades and clocks may be given in Chinese.
  /// - Throws: ``Problem`` `invalid` with one fault for each thing that is wrong, by line.
  public init(csv bytes: [UInt8]) throws(Problem) {
    var table = try CSVTable(
      bytes, needed: ["class", "step", "clock", "amount"], optional: ["grade", "from", "to"])
    var rows: [Row] = []
    for row in table.rows {
      let prefix = table.field(row, "class")
      if !prefix.isEmpty, ClassCode(rawValue: prefix) == nil {
        table.fault(row, "class", "1...12 letters and digits")
      }
      let step = LimitStep(rawValue: table.field(row, "step"))
      if step == nil {
        let known = LimitStep.allCases.map(\.rawValue).joined(separator: ", ")
        table.fault(row, "step", "must be one of \(known)")
      }
      let gradeText = table.field(row, "grade")
      let grade = Self.grades[gradeText]
      if !gradeText.isEmpty, grade == nil {
        table.fault(row, "grade", "must be red, orange, yellow, blue or empty")
      }
      let limit = Self.limit(&table, row)
      let season = Self.season(&table, row)
      if let step, let limit {
        rows.append(
          Row(classPrefix: prefix, step: step, grade: grade, season: season, limit: limit))
      }
    }
    try table.finish()
    self.init(rows: rows)
  }

  private static let grades: [String: Grade] = [
    "red": .red, "红": .red, "红色": .red, "orange": .orange, "橙": .orange, "橙色": .orange,
    "yellow": .yellow, "黄": .yellow, "黄色": .yellow, "blue": .blue, "蓝": .blue, "蓝色": .blue,
  ]
  private static let clocks: [String: LegalClock] = [
    "urgentHours": .urgentHours, "紧急工作时": .urgentHours, "workingHours": .workingHours,
    "工作时": .workingHours, "workingDays": .workingDays, "工作日": .workingDays,
    "naturalDays": .naturalDays, "自然日": .naturalDays,
  ]

  private static func limit(_ table: inout CSVTable, _ row: CSV.Row) -> Limit? {
    guard let clock = clocks[table.field(row, "clock")] else {
      let known = LegalClock.allCases.map(\.rawValue).joined(separator: ", ")
      table.fault(row, "clock", "must be one of \(known)")
      return nil
    }
    guard let quantity = Double(table.field(row, "amount")),
      let limit = Limit(clock: clock, quantity: quantity)
    else {
      table.fault(
        row, "amount", clock.countsDays ? "must be whole days" : "must be hours, to the minute")
      return nil
    }
    return limit
  }

  private static func season(_ table: inout CSVTable, _ row: CSV.Row) -> Season? {
    let from = table.field(row, "from")
    let to = table.field(row, "to")
    guard !from.isEmpty || !to.isEmpty else { return nil }
    guard let season = Season(from: from, to: to) else {
      table.fault(row, "from", "a season is from MM-DD to MM-DD")
      return nil
    }
    return season
  }
}
