import CityCore
import CityJSON
import Incidents
import Journal
import Testing

/// An order and its tasks, each at its node, with replicas that may come late, twice or not at all.
private struct OrderRun {
  var order: Order?
  var tasks: [ThingID: OrderTask] = [:]
  var now = Sample.morning
  var version = 0

  static func issue(
    _ count: Int = 2, grade: Grade = .red, expires: UTCTime? = nil, requiresEvidence: Bool = false
  ) -> OrderIssue {
    OrderIssue(
      title: "转移低洼地带群众", text: "立即行动", grade: grade,
      recipients: (1...count).map {
        OrderRecipient(
          node: Sample.nodeID("street-\($0)"), name: Label(zh: "街道\($0)", en: "Street \($0)"),
          task: Sample.thing("tsk_\($0)"))
      },
      due: Sample.morning + .hours(6), expires: expires, requiresEvidence: requiresEvidence,
      incident: Sample.incident, jurisdiction: Sample.area,
      reminders: ReminderSchedule.standard[grade])
  }

  init() {}
  init(_ issue: OrderIssue) throws {
    try run(.issue(issue), by: Sample.leader)
    for recipient in issue.recipients {
      let request = issue.request(to: recipient, order: Sample.order, issuer: Sample.parent)
      _ = try task(recipient.task, .request(request), by: Sample.rule)
    }
  }

  @discardableResult
  mutating func run(_ command: OrderCommand, by party: ActingParty) throws -> [OrderEvent] {
    let events = try Order.decide(order, command, by: party, now: now)
    for event in events {
      #expect(OrderEvent.decode(kind: event.kind, version: 1, body: event.body()) == event)
      version += 1
      order = Order.evolve(
        order, event,
        Sample.header(event.kind, Sample.order, version: version, at: now, by: party.actor))
    }
    return events
  }

  /// Acts on a task and mirrors what came of it.
  @discardableResult
  mutating func task(
    _ id: ThingID, _ command: TaskCommand, by party: ActingParty, mirrors: Bool = true
  ) throws -> [TaskEvent] {
    let events = try OrderTask.decide(tasks[id], command, by: party, now: now)
    for event in events {
      #expect(TaskEvent.decode(kind: event.kind, version: 1, body: event.body()) == event)
      version += 1
      tasks[id] = OrderTask.evolve(
        tasks[id], event, Sample.header(event.kind, id, version: version, at: now, by: party.actor))
      if mirrors, let command = Order.mirror(event, task: id, at: now) {
        try run(command, by: Sample.rule)
      }
    }
    return events
  }
}

struct OrderTests {
  private let one = Sample.thing("tsk_1")
  private let two = Sample.thing("tsk_2")

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

  @Test func `the issuer sees how far every recipient is`() throws {
    var run = try OrderRun(OrderRun.issue(requiresEvidence: true))
    #expect(run.order?.recipients.map(\.state) == [.offered, .offered])
    try run.task(one, .receive, by: Sample.rule)
    try run.task(one, .acknowledge, by: Sample.dispatcher)
    try run.task(one, .accept, by: Sample.dispatcher)
    try run.task(one, .progress(text: "已出发", percent: 40), by: Sample.worker)
    try run.task(two, .receive, by: Sample.rule)
    try run.task(two, .refuse(reason: "道路中断"), by: Sample.dispatcher)
    let mirrors = try #require(run.order?.recipients)
    #expect(mirrors.map(\.state) == [.progress, .refused])
    #expect(mirrors[0].percent == 40)
    #expect(mirrors[1].text == "道路中断")
    #expect(refusal { try run.run(.close(), by: Sample.leader) } == "refused")
    try run.task(one, .complete(text: "已转移", evidence: [Sample.photo(1)]), by: Sample.worker)
    #expect(run.order?.recipients[0].evidence == [Sample.photo(1)])
    #expect(run.order?.tally.map(\.count) == [1, 1])
    try run.run(.close(text: "好"), by: Sample.leader)
    #expect(run.order?.stage == .closed)
    #expect(run.order?.index.isOpen == false)
    #expect(run.order?.index.parent == Sample.incident)
    #expect(run.tasks[one]?.index.parent == Sample.order)
  }

  @Test func `completion needs evidence where the order says so`() throws {
    var run = try OrderRun(OrderRun.issue(1, requiresEvidence: true))
    try run.task(one, .accept, by: Sample.dispatcher)
    #expect(run.tasks[one]?.acknowledged == run.now)
    #expect(refusal { try run.task(one, .complete(text: "完"), by: Sample.worker) } == "invalid")
    try run.task(one, .addEvidence([Sample.photo(2)]), by: Sample.worker)
    try run.task(one, .complete(text: "完"), by: Sample.worker)
    #expect(run.tasks[one]?.stage == .completed)
    #expect(run.order?.recipients.first?.evidence == [Sample.photo(2)])
  }

  @Test func `refusing and recalling need a reason`() throws {
    var run = try OrderRun(OrderRun.issue(1))
    #expect(refusal { try run.task(one, .refuse(reason: " "), by: Sample.dispatcher) } == "invalid")
    #expect(refusal { try run.run(.recall(reason: ""), by: Sample.leader) } == "invalid")
    #expect(refusal { try run.run(.recall(reason: "误发"), by: Sample.supervisor) } == "forbidden")
  }

  @Test func `a task of a unit is done by that unit or by those who command`() throws {
    var issue = OrderRun.issue(1)
    issue.recipients[0].organisation = Sample.unit
    var run = try OrderRun(issue)
    #expect(refusal { try run.task(one, .accept, by: Sample.otherWorker) } == "forbidden")
    #expect(refusal { try run.task(one, .accept, by: Sample.viewer) } == "forbidden")
    try run.task(one, .acknowledge, by: Sample.dispatcher)
    try run.task(one, .accept, by: Sample.worker)
    #expect(run.tasks[one]?.index.assignee == Sample.unit)
  }

  @Test func `an order rings until it is acknowledged and then leaves the building`() throws {
    var run = try OrderRun(OrderRun.issue(2))
    var rung = 0
    var out: [ThingID] = []
    for _ in 0..<6 {
      let wake = try #require(run.order?.wake)
      #expect(wake > run.now || run.order?.dueCommands(at: run.now).isEmpty == true)
      run.now = wake
      for command in run.order?.dueCommands(at: run.now) ?? [] {
        for event in try run.run(command, by: Sample.clock) {
          switch event {
          case .reminded: rung += 1
          case .outboundRequired(let body): out += body.tasks
          default: Issue.record("\(event.kind)")
          }
        }
      }
    }
    #expect(rung == 6 && out == [one, two])
    try run.task(one, .acknowledge, by: Sample.dispatcher)
    try run.task(two, .refuse(reason: "不在辖区"), by: Sample.dispatcher)
    #expect(run.order?.wake == nil)
    #expect(run.order?.dueCommands(at: run.now + .days(9)).isEmpty == true)
  }

  @Test func `a node that was down does not make up for the reminders that it missed`() throws {
    var run = try OrderRun(OrderRun.issue(1))
    run.now = run.now + .minutes(10) + .seconds(30)
    let commands = run.order?.dueCommands(at: run.now) ?? []
    #expect(commands == [.remind, .requireOutbound([one])])
    for command in commands { try run.run(command, by: Sample.clock) }
    #expect(run.order?.reminders == 10)
    #expect(run.order?.wake == Sample.morning + .minutes(11))
    try run.task(one, .remind, by: Sample.clock)
    #expect(run.tasks[one]?.reminders == 10)
  }

  @Test func `a task rings at its own node, as often as its plan says`() throws {
    var run = try OrderRun(OrderRun.issue(1, grade: .orange))
    try run.task(one, .receive, by: Sample.rule)
    var rung = 0
    var isOut = false
    while let wake = run.tasks[one]?.wake {
      run.now = max(run.now, wake)
      for command in run.tasks[one]?.dueCommands(at: run.now) ?? [] {
        for event in try run.task(one, command, by: Sample.clock) {
          if case .reminded = event { rung += 1 }
          if case .outboundRequired = event {
            isOut = true
            #expect(run.now == Sample.morning + .seconds(300))
          }
        }
      }
      #expect(rung <= 30)
      guard rung <= 30 else { return }
    }
    #expect(rung == 30 && isOut)
    try run.task(one, .acknowledge, by: Sample.dispatcher)
    #expect(try run.task(one, .remind, by: Sample.clock).isEmpty)
  }

  @Test func `what was not accepted in time expires, what was goes on`() throws {
    let expires = Sample.morning + .hours(1)
    var run = try OrderRun(OrderRun.issue(2, expires: expires))
    try run.task(one, .accept, by: Sample.dispatcher)
    #expect(refusal { try run.task(two, .expire, by: Sample.clock) } == "refused")
    run.now = expires
    #expect(run.tasks[two]?.dueCommands(at: expires) == [.expire])
    #expect(run.tasks[one]?.dueCommands(at: expires) == [])
    #expect(run.order?.dueCommands(at: expires) == [.expire])
    try run.run(.expire, by: Sample.clock)
    #expect(run.order?.stage == .issued)
    try run.task(two, .expire, by: Sample.clock)
    #expect(run.order?.recipients.map(\.state) == [.accepted, .expired])
    #expect(refusal { try run.task(two, .accept, by: Sample.dispatcher) } == "refused")
  }

  @Test func `an acceptance in time that arrives late brings an expired order back`() throws {
    let expires = Sample.morning + .hours(1)
    var run = try OrderRun(OrderRun.issue(1, expires: expires))
    try run.task(one, .accept, by: Sample.dispatcher, mirrors: false)
    run.now = expires + .seconds(1)
    try run.run(.expire, by: Sample.clock)
    #expect(run.order?.stage == .expired)
    let late = try #require(Order.mirror(.accepted, task: one, at: Sample.morning))
    try run.run(late, by: Sample.rule)
    #expect(run.order?.stage == .issued)
    #expect(run.order?.ended == nil)
  }

  @Test func `a recall ends the order here and the task where it lies`() throws {
    var run = try OrderRun(OrderRun.issue(2))
    try run.task(one, .accept, by: Sample.dispatcher)
    try run.task(one, .complete(text: "已办"), by: Sample.dispatcher)
    try run.run(.recall(reason: "雨停了"), by: Sample.leader)
    #expect(run.order?.stage == .recalled)
    #expect(run.order?.wake == nil)
    #expect(try run.task(one, .recall(reason: "雨停了"), by: Sample.rule).isEmpty)
    try run.task(two, .recall(reason: "雨停了"), by: Sample.rule)
    #expect(run.order?.recipients.map(\.state) == [.completed, .recalled])
  }

  @Test func `replicas that come twice or late change nothing`() throws {
    var run = try OrderRun(OrderRun.issue(1))
    try run.task(one, .accept, by: Sample.dispatcher)
    let before = run.order
    for event in [TaskEvent.received, .acknowledged, .accepted] {
      let command = try #require(Order.mirror(event, task: one, at: run.now))
      #expect(try run.run(command, by: Sample.rule).isEmpty)
    }
    let stranger = try #require(
      Order.mirror(.accepted, task: Sample.thing("tsk_9"), at: run.now))
    #expect(try run.run(stranger, by: Sample.rule).isEmpty)
    #expect(run.order == before)
  }

  @Test func `an order names each recipient once and lies ahead`() throws {
    func fault(_ change: (inout OrderIssue) -> Void) -> String? {
      var issue = OrderRun.issue()
      change(&issue)
      do throws(Problem) {
        _ = try Order.decide(nil, .issue(issue), by: Sample.leader, now: Sample.morning)
        return nil
      } catch {
        return error.faults.first?.at
      }
    }
    #expect(fault { _ in } == nil)
    #expect(fault { $0.title = "" } == "/title")
    #expect(fault { $0.recipients = [] } == "/recipients")
    #expect(fault { $0.recipients[1].node = $0.recipients[0].node } == "/recipients/1")
    #expect(fault { $0.recipients[1].task = $0.recipients[0].task } == "/recipients/1/task")
    #expect(fault { $0.recipients[0].task = Sample.order } == "/recipients/0/task")
    #expect(fault { $0.recipients[0].name.zh = "\u{0}" } == "/recipients/0/name/zh")
    #expect(fault { $0.due = Sample.morning } == "/due")
    #expect(fault { $0.expires = Sample.morning - .hours(1) } == "/expires")
    #expect(fault { $0.incident = Sample.order } == "/incident")
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `actions on tasks and orders are listed exactly when they are not refused`(seed: UInt64)
    throws
  {
    var random = SeededRandom(seed: seed)
    var issue = OrderRun.issue(2, expires: Sample.morning + .minutes(40))
    if seed.isMultiple(of: 2) { issue.recipients[0].organisation = Sample.unit }
    var run = try OrderRun(issue)
    let reason = "理由"
    for step in 0..<40 {
      let photo = [Sample.photo(UInt8(step))]
      let taskCommands: [TaskCommand] = [
        .receive, .acknowledge, .accept, .refuse(reason: reason), .progress(text: reason),
        .addEvidence(photo), .complete(text: reason, evidence: photo), .recall(reason: reason),
        .expire, .remind, .requireOutbound, .note(text: reason),
      ]
      for party in Sample.everybody {
        let listed = OrderTask.allowedActions(run.tasks[one], by: party, now: run.now)
        for command in taskCommands {
          let isRefused = refusal {
            let events = try OrderTask.decide(
              run.tasks[one], command, by: party, now: run.now)
            // What comes late from the clock or the issuer is let pass without effect.
            if events.isEmpty, party.capacities == [.system] { throw Problem(.refused, "") }
          }
          let isListed = listed.contains(command.verb)
          let isIdle = command == .requireOutbound && run.tasks[one]?.isOutbound == true
          #expect(isListed == (isRefused == nil) || isIdle, "\(command.verb) by \(party.who)")
        }
        let orders: [OrderCommand] = [
          .recall(reason: reason), .expire, .remind, .close(), .note(text: reason),
        ]
        let verbs = Order.allowedActions(run.order, by: party, now: run.now)
        for command in orders {
          let isRefused = refusal {
            _ = try Order.decide(run.order, command, by: party, now: run.now)
          }
          #expect(verbs.contains(command.verb) == (isRefused == nil), "\(command.verb)")
        }
      }
      run.now = run.now + .minutes(Int64(random.below(5)))
      let party = Sample.everybody[random.below(Sample.everybody.count)]
      _ = try? run.task(
        [one, two][random.below(2)], taskCommands[random.below(taskCommands.count)], by: party)
      let state = try #require(run.tasks[one])
      let back = try JSON.decode(OrderTask.self, from: try JSON.encode(state))
      #expect(back == state)
      let order = try #require(run.order)
      let orderBack = try JSON.decode(Order.self, from: try JSON.encode(order))
      #expect(orderBack == order)
    }
  }

  @Test func `a directive says what it must and reads back`() throws {
    #expect(throws: Problem.self) {
      try Directive(.recallTask, target: one, to: Sample.parent, term: 1)
    }
    #expect(throws: Problem.self) {
      try Directive(.withdrawRequest, target: one, to: Sample.parent, term: 0)
    }
    for verb in Directive.Verb.allCases {
      let directive = try Directive(
        verb, target: one, to: Sample.parent, term: 3, text: verb.needsText ? "原因" : nil)
      let event = DirectiveEvent.sent(directive)
      #expect(
        DirectiveEvent.decode(kind: "directive.sent", version: 1, body: event.body()) == event)
      let header = Sample.header(
        event.kind, Sample.thing("dir_1"), version: 1, at: Sample.morning,
        by: Sample.leader.actor)
      let sent = SentDirective.evolve(nil, event, header)
      #expect(sent?.directive == directive)
      #expect(sent?.index.parent == one)
    }
  }

  @Test func `a request of a person is read by its verb`() throws {
    var input = CaseInput()
    input.text = "已到场"
    #expect(try TaskCommand(.progress, input) == .progress(text: "已到场"))
    #expect(refusal { _ = try TaskCommand(.refuse, input) } == "invalid")
    #expect(refusal { _ = try TaskCommand(.expire, input) } == "forbidden")
    #expect(refusal { _ = try OrderCommand(.mirror, input) } == "forbidden")
    #expect(try OrderCommand(.close, input) == .close(text: "已到场"))
  }

  @Test func `an order writes itself as Codable would`() throws {
    var run = try OrderRun(OrderRun.issue(3))
    try run.task(one, .receive, by: Sample.rule)
    try run.task(one, .accept, by: Sample.leader)
    try run.task(one, .progress(text: "撤离 \"40\" 户", percent: 40), by: Sample.leader)
    try run.task(one, .addEvidence([Sample.photo(1)]), by: Sample.leader)
    let open = try #require(run.order)
    #expect(try open.json() == JSON.encode(open))
    try run.run(.recall(reason: "雨停了"), by: Sample.leader)
    let ended = try #require(run.order)
    #expect(ended.lastText != nil && ended.ended != nil)
    #expect(try ended.json() == JSON.encode(ended))
    #expect(try JSON.decode(Order.self, from: ended.json()) == ended)
  }
}
