import CityCore
import CityJSON
import Incidents
import Testing

struct TableTests {
  private func faults<Value>(_ body: () throws(Problem) -> Value) -> [String] {
    do throws(Problem) {
      _ = try body()
      return []
    } catch {
      return error.faults.map { "\($0.at): \($0.reason)" }
    }
  }

  @Test func `the most specific limit holds`() throws {
    let season = try #require(Season(from: "11-15", to: "03-15"))
    let table = LimitsTable(rows: [
      .init(step: .handle, limit: .workingDays(5)),
      .init(step: .handle, grade: .red, limit: .urgentHours(2)),
      .init(classPrefix: "C04", step: .handle, limit: .workingDays(7)),
      .init(classPrefix: "C04", step: .handle, season: season, limit: .workingDays(15)),
      .init(classPrefix: "C0401", step: .handle, limit: .workingDays(3)),
    ])
    let winter = try #require(LocalDate("2026-01-10"))
    let summer = try #require(LocalDate("2026-07-10"))
    func limit(_ code: String, _ grade: Grade, _ date: LocalDate) -> Limit? {
      table.limit(for: .handle, classCode: code, grade: grade, on: date)
    }
    #expect(limit("E0101", .blue, summer) == .workingDays(5))
    #expect(limit("E0101", .red, summer) == .urgentHours(2))
    #expect(limit("C0402", .red, summer) == .workingDays(7))
    #expect(limit("C0402", .red, winter) == .workingDays(15))
    #expect(limit("C0401", .blue, winter) == .workingDays(3))
    #expect(table.limit(for: .verify, classCode: "C0401", grade: .blue, on: winter) == nil)
  }

  @Test func `a season may run over the new year`() throws {
    let season = try #require(Season(from: "11-15", to: "03-15"))
    for (day, isIn) in [
      ("2026-11-14", false), ("2026-11-15", true), ("2026-12-31", true), ("2026-01-01", true),
      ("2026-03-15", true), ("2026-03-16", false),
    ] {
      #expect(season.contains(try #require(LocalDate(day))) == isIn, "\(day)")
    }
    #expect(Season(from: "02-30", to: "03-01") == nil)
    #expect(Season(from: 1301, to: 101) == nil)
  }

  @Test func `a table of limits is read from a city's CSV`() throws {
    let text = """
      \u{FEFF}class,step,grade,clock,amount,from,to\r
      ,handle,,工作日,5,,\r
      C0101,handle,red,紧急工作时,0.5,,\r
      "C04",handle,黄,workingDays,15,03-01,05-31\r

      """
    let table = try LimitsTable(csv: Array(text.utf8))
    #expect(table.rows.count == 3)
    #expect(table.rows[1].limit == .urgentMinutes(30))
    #expect(table.rows[2].grade == .yellow)
    #expect(table.rows[2].season == Season(from: 301, to: 531))
  }

  @Test func `every fault of a table is named with its line and column`() {
    let text = """
      class,step,grade,clock,amount,from,to
      C01,wait,,工作日,5,,
      C/1,handle,pink,hours,5,,
      C01,handle,,workingDays,0.5,,
      C01,handle,,urgentHours,2,03-01,
      C01,handle,,urgentHours,2
      """
    #expect(
      faults { () throws(Problem) in try LimitsTable(csv: Array(text.utf8)) } == [
        "line 6: has 5 fields, the header 7",
        "line 2: step: must be one of confirm, dispatch, accept, handle, verify",
        "line 3: class: 1...12 letters and digits",
        "line 3: grade: must be red, orange, yellow, blue or empty",
        "line 3: clock: must be one of urgentHours, workingHours, workingDays, naturalDays",
        "line 4: amount: must be whole days",
        "line 5: from: a season is from MM-DD to MM-DD",
      ])
  }

  @Test(arguments: [
    ("", "line 1: no header"),
    ("class,step,clock\n", "line 1: amount: the column is missing"),
    ("class,step,clock,amount,color\n", "line 1: color: unknown column"),
    ("class,step,clock,amount,step\n", "line 1: step: comes twice"),
    ("class,step,clock,amount\n\"C01", "line 2: a quote is not closed"),
    ("class,step,clock,amount\n\"C\"01,a,b,c", "line 2: text after a closing quote"),
    ("class,step,clock,amount\nC\"01,a,b,c", "line 2: a quote inside an unquoted field"),
  ])
  func `a file that is no such table is refused with the reason`(text: String, reason: String) {
    #expect(
      faults { () throws(Problem) in try LimitsTable(csv: Array(text.utf8)) } == [reason])
  }

  @Test func `a table that is not UTF-8 is refused with its line`() {
    let bytes = Array("code,kind,zh\nC01,event,".utf8) + [0xBE, 0xAE, 0x0A]
    #expect(faults { () throws(Problem) in try ClassTable(csv: bytes) } == ["line 2: not UTF-8"])
  }

  @Test func `any bytes give a table or a problem`() {
    var random = SeededRandom(seed: 3)
    let alphabet = Array("class,step,clock,amount\n\r\"C01;handle urgentHours 2\u{4E2D}".utf8)
    for _ in 0..<2_000 {
      let bytes = (0..<random.below(120)).map { _ in alphabet[random.below(alphabet.count)] }
      _ = try? LimitsTable(csv: bytes)
      _ = try? ClassTable(csv: Array("class,step,clock,amount\n".utf8) + bytes)
    }
  }

  @Test func `a table of classes is read, and a code stands for what begins with it`() throws {
    let text = "code,kind,zh,en\nC01,部件,公用设施,Utilities\nC0101,component,\"井盖, \"\"上水\"\"\",\n"
    let table = try ClassTable(csv: Array(text.utf8))
    let cover = try #require(ClassCode(rawValue: "C0101"))
    #expect(table[cover]?.name == Label(zh: "井盖, \"上水\"", en: "井盖, \"上水\""))
    #expect(table.closest(to: try #require(ClassCode(rawValue: "C0199")))?.name.en == "Utilities")
    #expect(table.closest(to: try #require(ClassCode(rawValue: "E01"))) == nil)
    let twice = "code,kind,zh\nC01,部件,一\nC01,事件,二\nC02,x, \n"
    #expect(
      faults { () throws(Problem) in try ClassTable(csv: Array(twice.utf8)) } == [
        "line 3: code: C01 is defined on line 2 already",
        "line 4: kind: must be component or event", "line 4: zh: must not be blank",
      ])
  }

  @Test func `the default tables fit together`() throws {
    let (limits, classes) = (try Standard.limits(), try Standard.classes())
    for row in limits.rows where !row.classPrefix.isEmpty {
      let code = try #require(ClassCode(rawValue: row.classPrefix))
      #expect(classes[code] != nil, "\(code)")
    }
    let date = try #require(LocalDate("2026-07-01"))
    for step in LimitStep.allCases {
      for grade in Grade.allCases {
        #expect(limits.limit(for: step, classCode: "E0699", grade: grade, on: date) != nil)
      }
    }
    let kinds = classes.rows.map { ($0.code.rawValue.hasPrefix("C"), $0.kind) }
    #expect(kinds.allSatisfy { $0.0 == ($0.1 == .component) })
  }

  @Test func `tables read back from JSON as they were written, and bad ones are refused`() throws {
    func roundTrip<Value: Codable & Equatable>(_ value: Value) throws {
      let back = try JSON.decode(Value.self, from: try JSON.encode(value))
      #expect(back == value)
    }
    try roundTrip(try Standard.limits())
    try roundTrip(try Standard.classes())
    try roundTrip(Standard.handling)
    try roundTrip(CityCalendar.standard)
    try roundTrip(CasePolicy.standard)
    try roundTrip(ReminderSchedule.standard)
    try roundTrip(ScoreSheet.jinhua)
    let bad = Array(#"{"clock":"workingDays","amount":1.5}"#.utf8)
    #expect(throws: (any Error).self) { try JSON.decode(Limit.self, from: bad) }
    let none = Array(#"{"offsetSeconds":0,"periods":[]}"#.utf8)
    #expect(throws: (any Error).self) { try JSON.decode(CityCalendar.self, from: none) }
  }

  @Test func `great events go up and small ones stay down`() {
    let policy = HandlingPolicy(
      rows: Standard.handling.rows + [.init(classPrefix: "E0402", level: .district)])
    #expect(policy.level(for: .red, classCode: "E0101") == .city)
    #expect(policy.level(for: .blue, classCode: "E0101") == .street)
    #expect(policy.level(for: .blue, classCode: "E0402") == .district)
    func suggestion(_ grade: Grade, _ level: Level) -> HandlingPolicy.Suggestion? {
      policy.suggestion(
        grade: grade, classCode: "E0101", at: level, levels: [.city, .district, .street])
    }
    #expect(suggestion(.red, .street) == .escalate(to: .city))
    #expect(suggestion(.blue, .city) == .delegate(to: .street))
    #expect(suggestion(.orange, .district) == nil)
    #expect(
      policy.suggestion(grade: .red, classCode: "E", at: .street, levels: [.street]) == nil)
  }
}
