import CityCore
import Incidents
import Operations
import Testing

@testable import Node

struct StandardTablesTests {
  @Test func `a node without packs has the classes, limits and levels that the product ships`()
    async throws
  {
    let tables = try NodeSetup.standardTables()
    let code = try #require(ClassCode(rawValue: "E0403"))
    #expect(tables.classes[code]?.name.zh == "道路积水")
    #expect(tables.handling.level(for: .red, classCode: "E0403") == .city)
    let station = try await Station { _ in }
    defer { station.close() }
    let settings = station.parts.engine.inspect { $0.settings }
    #expect(settings.classes == tables.classes && settings.limits == tables.limits)
    #expect(settings.handling == tables.handling)
  }

  @Test func `a pack takes the place of what it has, and gives it back when it is removed`()
    async throws
  {
    let station = try await Station { _ in }
    defer { station.close() }
    let place = station.parts.place
    try await place.start()
    let pack = PackSource(files: [
      .init(name: "pack.yaml", text: "name: own\nversion: 1\ntitle: {zh: 本市, en: Ours}\n"),
      .init(
        name: "limits.csv",
        text: "class,step,grade,clock,amount\n,handle,,naturalDays,9\n"),
    ])
    func limit() throws -> Limit? {
      let date = try #require(LocalDate("2026-07-01"))
      return station.parts.engine.inspect { core in
        core.settings.limits.limit(for: .handle, classCode: "E0403", grade: .red, on: date)
      }
    }
    let before = try limit()
    let classes = station.parts.engine.inspect { $0.settings.classes }
    _ = try await place.apply(pack, by: station.administrator)
    #expect(try limit() == .naturalDays(9))
    #expect(station.parts.engine.inspect { $0.settings.classes } == classes)
    try await place.remove("own", by: station.administrator)
    #expect(try limit() == before)
  }

  @Test func `a fault in a pack's table is told with file, line and reason`() throws {
    let pack = PackSource(files: [
      .init(name: "pack.yaml", text: "name: own\nversion: 1\ntitle: {zh: 本市, en: Ours}\n"),
      .init(
        name: "limits.csv",
        text: "class,step,grade,clock,amount\n,handle,,naturalDays,9\n,fly,pink,lunarDays,x\n"),
      .init(name: "classes.csv", text: "code,kind,zh\nE1,什么,甲\n"),
    ])
    let problem = #expect(throws: Problem.self) {
      try ScenarioPack(pack, reader: YAMLTree())
    }
    let faults = problem?.faults.map { "\($0.at): \($0.reason)" } ?? []
    #expect(faults.contains { $0.hasPrefix("limits.csv: line 3: step") }, "\(faults)")
    #expect(faults.contains { $0.hasPrefix("limits.csv: line 3: clock") }, "\(faults)")
    #expect(faults.contains { $0.hasPrefix("classes.csv: line 2: kind") }, "\(faults)")
  }
}
