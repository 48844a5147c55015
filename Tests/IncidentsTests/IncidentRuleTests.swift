import CityCore
import Incidents
import Journal
import Testing

struct IncidentRuleTests {
  /// The code of the problem that `body` throws.
  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch let problem as Problem {
      return problem.code.name
    } catch {
      return "another error"
    }
  }

  @Test func `a case goes through its seven stages`() throws {
    var run = try CaseRun()
    try run.run(.file(Sample.report(source: .public)), by: Sample.worker)
    #expect(run.stage == .intake)
    try run.run(.confirm(onSite: true), by: Sample.supervisor)
    #expect(run.stage == .file)
    try run.run(.dispatch(organisation: Sample.unit), by: Sample.dispatcher)
    #expect(run.stage == .dispatch)
    try run.run(.accept, by: Sample.worker)
    #expect(run.stage == .handle)
    try run.run(.report(text: "已排水", evidence: [Sample.photo(1)]), by: Sample.worker)
    #expect(run.stage == .feedback)
    try run.run(.pass(text: "现场已核实"), by: Sample.supervisor)
    #expect(run.stage == .verify)
    try run.run(.close(), by: Sample.supervisor)
    #expect(run.stage == .closed)
    try run.run(.evaluate(score: 95), by: Sample.supervisor)
    #expect(run.stage == .evaluate)
    #expect(run.state?.score == 95)
    #expect(
      run.events.map(\.kind) == [
        "incident.filed", "incident.confirmed", "incident.dispatched", "incident.accepted",
        "incident.handled", "incident.verified", "incident.closed", "incident.evaluated",
      ])
  }

  @Test(arguments: [CaseSource.public, .sensor])
  func `what the public and sensors report is confirmed before it is filed`(source: CaseSource)
    throws
  {
    let run = try CaseRun(at: .intake, source: source)
    #expect(run.state?.isConfirmed == false)
  }

  @Test(arguments: [CaseSource.collector, .superior, .subordinate, .department])
  func `what others checked is filed at once`(source: CaseSource) throws {
    var run = try CaseRun()
    try run.run(.file(Sample.report(source: source)), by: Sample.worker)
    #expect(run.stage == .file)
  }

  @Test func `a report of the public is confirmed on site, one of a sensor from the desk`() throws {
    var report = try CaseRun(at: .intake, source: .public)
    #expect(
      refusal { try report.run(.confirm(onSite: false), by: Sample.supervisor) } == "refused")
    var sensor = try CaseRun(at: .intake, source: .sensor)
    try sensor.run(.confirm(onSite: false), by: Sample.supervisor)
    #expect(sensor.stage == .file)
  }

  @Test func `whoever handled a case never checks, closes or evaluates it`() throws {
    let inspector = Sample.party("worker", [.supervision, .handler], of: Sample.unit)
    let colleague = Sample.party("colleague", [.supervision], of: Sample.unit)
    let moved = Sample.party("worker", [.supervision])
    for party in [inspector, colleague, moved] {
      var run = try CaseRun(at: .feedback)
      #expect(refusal { try run.run(.pass(), by: party) } == "forbidden")
      #expect(refusal { try run.run(.fail(reason: "不", back: .handle), by: party) } == "forbidden")
      var verified = try CaseRun(at: .verify)
      #expect(refusal { try verified.run(.close(), by: party) } == "forbidden")
      var closed = try CaseRun(at: .closed)
      #expect(refusal { try closed.run(.evaluate(score: 100), by: party) } == "forbidden")
    }
  }

  @Test func `a unit that once accepted a case stays barred after the case went elsewhere`() throws
  {
    var run = try CaseRun(at: .handle)
    try run.run(.giveBack(reason: "非本单位"), by: Sample.worker)
    try run.run(.dispatch(organisation: Sample.otherUnit), by: Sample.dispatcher)
    try run.run(.accept, by: Sample.otherWorker)
    try run.run(.report(text: "好了", evidence: [Sample.photo(3)]), by: Sample.otherWorker)
    let colleague = Sample.party("colleague", [.supervision], of: Sample.unit)
    #expect(refusal { try run.run(.pass(), by: colleague) } == "forbidden")
  }

  @Test(arguments: ["", "   ", "\u{3000}\n\t", "\u{200B}"])
  func `every return, false alarm, failed check and reopening needs a reason`(blank: String) throws
  {
    var intake = try CaseRun(at: .intake)
    #expect(
      refusal { try intake.run(.markFalse(reason: blank), by: Sample.supervisor) } == "invalid")
    var handle = try CaseRun(at: .handle)
    #expect(refusal { try handle.run(.giveBack(reason: blank), by: Sample.worker) } == "invalid")
    var feedback = try CaseRun(at: .feedback)
    #expect(
      refusal { try feedback.run(.fail(reason: blank, back: .file), by: Sample.supervisor) }
        == "invalid")
    var closed = try CaseRun(at: .closed)
    #expect(refusal { try closed.run(.reopen(reason: blank), by: Sample.leader) } == "invalid")
  }

  @Test func `a returned case comes back to the dispatcher and nobody closes it`() throws {
    var run = try CaseRun(at: .handle)
    try run.run(.giveBack(reason: "非本单位权属"), by: Sample.worker)
    #expect(run.stage == .file)
    #expect(run.state?.bounces == 1)
    #expect(run.state?.responsible == nil)
    #expect(run.state?.reasons.last?.text == "非本单位权属")
    for party in Sample.everybody {
      #expect(refusal { try run.run(.close(), by: party) } != nil)
    }
  }

  @Test func `after three returns only a final ruling dispatches, and it cannot be returned`()
    throws
  {
    var run = try CaseRun(at: .file)
    #expect(
      refusal { try run.run(.rule(organisation: Sample.unit, reason: "早"), by: Sample.leader) }
        == "refused")
    for _ in 0..<3 {
      try run.run(.dispatch(organisation: Sample.unit), by: Sample.dispatcher)
      try run.run(.giveBack(reason: "不是我们的"), by: Sample.worker)
    }
    #expect(
      refusal { try run.run(.dispatch(organisation: Sample.unit), by: Sample.dispatcher) }
        == "refused")
    try run.run(.rule(organisation: Sample.unit, reason: "区里裁定"), by: Sample.leader)
    #expect(refusal { try run.run(.giveBack(reason: "还是不"), by: Sample.worker) } == "refused")
    try run.run(.accept, by: Sample.worker)
    #expect(refusal { try run.run(.giveBack(reason: "还是不"), by: Sample.worker) } == "refused")
  }

  @Test
  func `a dispatcher takes a case back from a unit that does nothing, and no return is counted`()
    throws
  {
    for stage in [Stage.dispatch, .handle] {
      var run = try CaseRun(at: stage)
      #expect(refusal { try run.run(.recall(reason: ""), by: Sample.dispatcher) } == "invalid")
      #expect(refusal { try run.run(.recall(reason: "慢"), by: Sample.worker) } == "forbidden")
      try run.run(.recall(reason: "超时未签收"), by: Sample.dispatcher)
      #expect(run.stage == .file)
      #expect(run.state?.bounces == 0)
      try run.run(.dispatch(organisation: Sample.otherUnit), by: Sample.dispatcher)
      #expect(run.stage == .dispatch)
    }
  }

  @Test func `the clock of the unit starts at dispatch, not at acceptance`() throws {
    var run = try CaseRun(at: .dispatch)
    let due = run.state?.clocks.handleDue
    #expect(due == Sample.morning + .hours(2))
    run.now = run.now + .minutes(90)
    try run.run(.accept, by: Sample.worker)
    #expect(run.state?.clocks.handleDue == due)
    #expect(run.state?.overdue.map(\.step) == [.accept])
  }

  @Test func `a report without evidence of how things are now is refused`() throws {
    var run = try CaseRun(at: .handle)
    #expect(refusal { try run.run(.report(text: "好了"), by: Sample.worker) } == "invalid")
    #expect(
      refusal {
        try run.run(.report(text: "好了", evidence: [Sample.photo(1, .before)]), by: Sample.worker)
      } == "invalid")
    try run.run(.addEvidence([Sample.photo(2)]), by: Sample.worker)
    try run.run(.report(text: "好了"), by: Sample.worker)
    #expect(run.stage == .feedback)
  }

  @Test func `a failed check takes new evidence before the next report`() throws {
    var run = try CaseRun(at: .feedback)
    try run.run(.fail(reason: "仍有积水", back: .handle), by: Sample.supervisor)
    #expect(run.stage == .handle)
    #expect(run.state?.failedChecks == 1)
    #expect(
      refusal {
        try run.run(.report(text: "好了", evidence: [Sample.photo(1)]), by: Sample.worker)
      } == "invalid")
    try run.run(.report(text: "好了", evidence: [Sample.photo(9)]), by: Sample.worker)
    try run.run(.pass(), by: Sample.supervisor)
    try run.run(.close(), by: Sample.supervisor)
    #expect(run.stage == .closed)
  }

  @Test func `a check that failed can send the case back to the dispatcher`() throws {
    var run = try CaseRun(at: .feedback)
    try run.run(.fail(reason: "处置不当", back: .file), by: Sample.supervisor)
    #expect(run.stage == .file)
    #expect(run.state?.responsible == nil)
    #expect(
      refusal { try run.run(.fail(reason: "x", back: .closed), by: Sample.supervisor) }
        == "refused")
  }

  @Test
  func `two extensions are approved, each of one original limit, and rejections do not count`()
    throws
  {
    var run = try CaseRun(at: .handle)
    let due = try #require(run.state?.clocks.handleDue)
    try run.run(.requestExtension(reason: "缺材料"), by: Sample.worker)
    #expect(
      refusal { try run.run(.requestExtension(reason: "再来"), by: Sample.worker) } == "refused")
    try run.run(.refuseExtension(reason: "不足"), by: Sample.dispatcher)
    #expect(run.state?.extensions == 0)
    for count in 1...2 {
      try run.run(.requestExtension(reason: "缺材料"), by: Sample.worker)
      try run.run(.approveExtension(), by: Sample.dispatcher)
      #expect(run.state?.clocks.handleDue == due + .hours(Int64(2 * count)))
    }
    #expect(
      refusal { try run.run(.requestExtension(reason: "第三次"), by: Sample.worker) } == "refused")
  }

  @Test func `a case is suspended once, for a year at most, and only before it is overdue`() throws
  {
    var run = try CaseRun(at: .handle)
    let tooLong = run.now + .days(366)
    #expect(
      refusal { try run.run(.suspend(until: tooLong, reason: "等"), by: Sample.dispatcher) }
        == "invalid")
    #expect(
      refusal { try run.run(.suspend(until: run.now, reason: "等"), by: Sample.dispatcher) }
        == "invalid")
    var late = run
    late.now = late.now + .hours(3)
    #expect(
      refusal {
        try late.run(.suspend(until: late.now + .days(1), reason: "等"), by: Sample.dispatcher)
      } == "refused")

    run.now = run.now + .minutes(30)
    let until = run.now + .days(30)
    try run.run(.suspend(until: until, reason: "等待材料"), by: Sample.dispatcher)
    #expect(run.stage == .suspended)
    #expect(run.state?.index.wake == until)
    #expect(refusal { try run.run(.resume, by: Sample.clock) } == "refused")
    run.now = until
    try run.run(.resume, by: Sample.clock)
    #expect(run.stage == .handle)
    #expect(run.state?.clocks.handleDue == until + .minutes(90))
    #expect(
      refusal {
        try run.run(.suspend(until: run.now + .days(1), reason: "又"), by: Sample.dispatcher)
      } == "refused")
  }

  @Test func `an overdue record is appealed once after closing and reviewed by two people`() throws
  {
    var run = try CaseRun(at: .handle)
    run.now = run.now + .hours(5)
    try run.run(.report(text: "好了", evidence: [Sample.photo(1)]), by: Sample.worker)
    #expect(run.state?.overdue.map(\.step) == [.handle])
    #expect(refusal { try run.run(.appeal(reason: "停电"), by: Sample.worker) } == "refused")
    try run.run(.pass(), by: Sample.supervisor)
    try run.run(.close(), by: Sample.supervisor)
    try run.run(.appeal(reason: "停电"), by: Sample.worker)
    #expect(refusal { try run.run(.appeal(reason: "停电"), by: Sample.worker) } == "refused")
    let both = Sample.party("both", [.command, .supervision])
    #expect(refusal { try run.run(.approveAppeal(), by: Sample.supervisor) } == "forbidden")
    try run.run(.approveAppeal(), by: both)
    #expect(run.state?.isExempt == false)
    #expect(refusal { try run.run(.approveAppeal(), by: both) } == "forbidden")
    try run.run(.approveAppeal(), by: Sample.supervisor)
    #expect(run.state?.isExempt == true)
    #expect(run.state?.overdue.count == 1)
  }

  @Test func `a case that was never late is not appealed`() throws {
    var run = try CaseRun(at: .closed)
    #expect(refusal { try run.run(.appeal(reason: "无"), by: Sample.worker) } == "refused")
  }

  @Test func `a closed case takes notes and links only, until it is reopened with a reason`() throws
  {
    var run = try CaseRun(at: .closed)
    try run.run(.note(text: "市民来电致谢"), by: Sample.dispatcher)
    #expect(
      refusal { try run.run(.addEvidence([Sample.photo(5)]), by: Sample.supervisor) } == "refused")
    try run.run(.reopen(reason: "又积水"), by: Sample.supervisor)
    #expect(run.stage == .file)
    #expect(run.state?.isVerified == false)
    #expect(run.state?.clocks.closed == nil)
    #expect(refusal { try run.run(.close(), by: Sample.supervisor) } == "refused")
  }

  @Test func `a false alarm that is reopened is still to be confirmed`() throws {
    var run = try CaseRun(at: .falseAlarm)
    #expect(run.state?.index.isOpen == false)
    try run.run(.reopen(reason: "复查属实"), by: Sample.supervisor)
    #expect(run.stage == .intake)
  }

  @Test func `a merged case is detached to where it was`() throws {
    var run = try CaseRun(at: .merged)
    #expect(run.state?.index.parent == Sample.thing("inc_2"))
    try run.run(.detach(reason: "不是同一处"), by: Sample.dispatcher)
    #expect(run.stage == .intake)
    #expect(run.state?.mergedInto == nil)
    #expect(
      refusal { try run.run(.merge(into: Sample.incident, reason: "自己"), by: Sample.dispatcher) }
        == "invalid")
  }

  @Test func `a new grade changes the level that handles the case`() throws {
    var run = try CaseRun(at: .file)
    #expect(run.state?.handlingLevel == .district)
    try run.run(.regrade(grade: .red, classCode: nil, reason: "扩大"), by: Sample.leader)
    #expect(run.state?.handlingLevel == .city)
    #expect(run.state?.suggestion(at: .street, policy: Standard.handling) == .escalate(to: .city))
    let same = try run.run(.regrade(grade: .red, classCode: nil, reason: "同"), by: Sample.leader)
    #expect(same.isEmpty)
  }

  @Test func `no person acts as the system and no clock as a person`() throws {
    var run = try CaseRun(at: .intake)
    let pretender = Sample.party("pretender", [.system])
    let link = WarningLink(warning: Sample.warning, grade: .red)
    #expect(refusal { try run.run(.changeWarning(link), by: pretender) } == "forbidden")
    let clever = Sample.party("clock", [.supervision], kind: .clock)
    #expect(refusal { try run.run(.confirm(onSite: true), by: clever) } == "forbidden")
    try run.run(.changeWarning(link), by: Sample.rule)
    #expect(run.state?.report.warning == link)
    #expect(try run.run(.changeWarning(link), by: Sample.rule).isEmpty)
  }

  @Test func `evidence that is there already is not added again`() throws {
    var run = try CaseRun(at: .handle)
    try run.run(.addEvidence([Sample.photo(1), Sample.photo(1)]), by: Sample.worker)
    #expect(run.state?.evidence.count == 1)
    #expect(try run.run(.addEvidence([Sample.photo(1)]), by: Sample.worker).isEmpty)
    #expect(
      refusal { try run.run(.addEvidence([Sample.photo(2)]), by: Sample.otherWorker) }
        == "forbidden")
  }

  @Test func `only one case is filed, and only an existing one is worked on`() throws {
    var run = try CaseRun(at: .file)
    #expect(refusal { try run.run(.file(Sample.report()), by: Sample.supervisor) } == "duplicate")
    var none = try CaseRun()
    #expect(refusal { try none.run(.accept, by: Sample.worker) } == "not-found")
  }

  @Test func `values that are not acceptable are named with their place`() throws {
    func fault(_ change: (inout CaseReport) -> Void) -> String? {
      var report = Sample.report()
      change(&report)
      do throws(Problem) {
        _ = try Incident.decide(
          nil, .file(report), by: Sample.supervisor, context: CaseContext(now: Sample.morning))
        return nil
      } catch {
        return error.faults.first?.at
      }
    }
    #expect(fault { _ in } == nil)
    #expect(fault { $0.title = " \n" } == "/title")
    #expect(fault { $0.title = String(repeating: "长", count: 201) } == "/title")
    #expect(fault { $0.title = "换\n行" } == "/title")
    #expect(fault { $0.description = "bell\u{7}" } == "/description")
    #expect(fault { $0.description = "two\nlines\tare fine" } == nil)
    #expect(fault { $0.address = "left\u{202E}right" } == "/address")
    #expect(fault { $0.classCode = "../etc" } == "/classCode")
    #expect(fault { $0.occurred = Sample.morning + .days(1) } == "/occurred")
  }

  @Test func `a request is read by its verb and names what is missing`() throws {
    var input = CaseInput()
    #expect(throws: Problem.self) { try IncidentCommand(.giveBack, input) }
    input.reason = "非本单位"
    #expect(try IncidentCommand(.giveBack, input) == .giveBack(reason: "非本单位"))
    for rule in CaseRule.all where rule.required.isEmpty {
      _ = try IncidentCommand(rule.verb, CaseInput())
    }
  }
}
