import CityCore
public import Incidents

// Tables for tests of whole nodes, which take no files. The product's own are data in
// `Sources/Node/Resources/standard`.

extension LimitsTable {
  public static let test = LimitsTable(rows: [
    Row(step: .confirm, limit: .urgentHours(24)), Row(step: .dispatch, limit: .urgentHours(1)),
    Row(step: .accept, limit: .urgentHours(1)), Row(step: .verify, limit: .urgentHours(2)),
    Row(step: .handle, grade: .red, limit: .urgentHours(2)),
    Row(step: .handle, grade: .orange, limit: .urgentHours(4)),
    Row(step: .handle, grade: .yellow, limit: .workingHours(8)),
    Row(step: .handle, grade: .blue, limit: .workingDays(3)),
  ])
}

extension HandlingPolicy {
  public static let test = HandlingPolicy(rows: [
    Row(grade: .red, level: .city), Row(grade: .orange, level: .district),
    Row(grade: .yellow, level: .street), Row(grade: .blue, level: .street),
  ])
}
