import CityCore
import Incidents
import Testing

struct ScoringTests {
  private func cases(
    _ count: Int, from start: Int = 0, unit: PrincipalID? = Sample.unit, closed: Bool,
    onTime: Bool, urgent: Bool = false, deferred: Bool = false, raised: Bool = false,
    failed: Int = 0, faulted: Bool = false
  ) -> [CaseSummary] {
    (0..<count).map {
      CaseSummary(
        id: Sample.thing("inc_\(start + $0)"), organisation: unit, jurisdiction: Sample.area,
        classCode: "E0403", isRaisedAbove: raised, isUrgent: urgent, isDue: true,
        isDeferred: deferred, isClosed: closed, isOnTime: onTime, failedChecks: failed,
        isFaulted: faulted)
    }
  }

  @Test func `nothing to do gives every point`() {
    #expect(Evaluation([], sheet: .jinhua).total == 80)
  }

  @Test func `points go with the rates below the targets`() {
    // 100 due of which 10 deferred; 63 closed, 54 on time: 60 % and 70 %.
    let list =
      cases(54, closed: true, onTime: true) + cases(9, closed: true, onTime: false)
      + cases(27, closed: false, onTime: false)
      + cases(10, closed: false, onTime: false, deferred: true)
    let result = Evaluation(list, sheet: .jinhua)
    #expect(result.lines[0].rates.map(\.counted) == [54])
    #expect(result.lines[0].rates.map(\.of) == [90])
    #expect(result.lines.prefix(3).map(\.points) == [40, 0, 10])
    #expect(result.total == 50)
  }

  @Test func `urgent cases lose half a point for each point, and never more than there are`() {
    let good = cases(9, closed: true, onTime: true, urgent: true)
    let late = cases(1, closed: true, onTime: false, urgent: true)
    let result = Evaluation(good + late, sheet: .jinhua)
    // 90 % on time of 95 %: 5 points missing cost 2.5.
    #expect(result.lines[2].points == 7.5)
    let none = Evaluation(cases(4, closed: false, onTime: false, urgent: true), sheet: .jinhua)
    #expect(none.lines[2].points == 0)
    #expect(none.total == 0)
  }

  @Test func `rework, failed checks and faults cost, and raised cases count double`() {
    let list =
      cases(1, closed: true, onTime: true, failed: 3)
      + cases(1, closed: true, onTime: true, raised: true, failed: 1, faulted: true)
    let result = Evaluation(list, sheet: .jinhua)
    #expect(result.lines.suffix(3).map(\.points) == [-1, -0.5, -2])
    #expect(result.total == 76.5)
  }

  @Test func `each unit, area and class scores by itself, in order`() {
    let list =
      cases(2, closed: true, onTime: true)
      + cases(3, unit: Sample.otherUnit, closed: false, onTime: false)
      + cases(1, unit: nil, closed: true, onTime: true)
    let units = Evaluation.groups(list, by: .organisation, sheet: .jinhua)
    #expect(units.map(\.key) == ["", "org-parks", "org-roads"])
    #expect(units.map(\.cases) == [1, 3, 2])
    #expect(units[2].evaluation.total == 80)
    #expect(Evaluation.groups(list, by: .area(.district), sheet: .jinhua).map(\.key) == ["330702"])
    #expect(Evaluation.groups(list, by: .classCode(3), sheet: .jinhua).map(\.key) == ["E04"])
  }

  @Test func `a case counts as what happened to it`() throws {
    let closed = try CaseRun(at: .closed)
    let summary = try #require(closed.state.flatMap { CaseSummary($0, at: closed.now) })
    #expect(summary.isClosed && summary.isOnTime && summary.isDue && summary.isUrgent)
    #expect(summary.organisation == Sample.unit)
    #expect(
      try CaseRun(at: .falseAlarm).state.flatMap { CaseSummary($0, at: Sample.morning) } == nil)

    var late = try CaseRun(at: .handle)
    let before = try #require(late.state.flatMap { CaseSummary($0, at: late.now) })
    #expect(!before.isDue)
    late.now = late.now + .hours(9)
    let after = try #require(late.state.flatMap { CaseSummary($0, at: late.now) })
    #expect(after.isDue && !after.isClosed)
    try late.run(.report(text: "好", evidence: [Sample.photo(1)]), by: Sample.worker)
    try late.run(.pass(), by: Sample.supervisor)
    try late.run(.close(), by: Sample.supervisor)
    #expect(late.state.flatMap { CaseSummary($0, at: late.now) }?.isOnTime == false)
    try late.run(.appeal(reason: "停电"), by: Sample.worker)
    try late.run(.approveAppeal(), by: Sample.dispatcher)
    try late.run(.approveAppeal(), by: Sample.supervisor)
    #expect(late.state.flatMap { CaseSummary($0, at: late.now) }?.isOnTime == true)

    let suspended = try CaseRun(at: .suspended)
    #expect(
      suspended.state.flatMap { CaseSummary($0, at: suspended.now + .days(2)) }?.isDeferred == true)
  }
}
