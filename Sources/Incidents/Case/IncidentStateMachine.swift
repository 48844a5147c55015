public import CityCore

/// One row of the state machine: who may do what, when, and what comes of it. The rules, the
/// actions a person is shown, the diagram and the table in the docs are all made from these rows.
public struct CaseRule: Hashable, Sendable {
  /// What is done.
  public let verb: CaseVerb
  /// The stages in which it may be done; empty before the case exists.
  public let from: [Stage]
  /// The stages that can follow; empty when the stage stays.
  public let to: [Stage]
  /// One of these is needed.
  public let by: [Authority]
  /// Must be given.
  public let required: [CaseField]
  /// May be given.
  public let optional: [CaseField]
  /// Limited to the unit that must handle the case.
  public let isForUnit: Bool
  /// Refused to whoever handled the case.
  public let isForOthers: Bool

  init(
    _ verb: CaseVerb, from: [Stage], to: [Stage] = [], by: [Authority],
    required: [CaseField] = [], optional: [CaseField] = [], isForUnit: Bool = false,
    isForOthers: Bool = false
  ) {
    self.verb = verb
    self.from = from
    self.to = to
    self.by = by
    self.required = required
    self.optional = optional
    self.isForUnit = isForUnit
    self.isForOthers = isForOthers
  }

  private static let centres: [Authority] = [.supervision, .command, .leader]
  private static let beforeCheck: [Stage] = [.intake, .file, .dispatch, .handle, .feedback]

  /// The whole machine, in the order of a case's life.
  public static let all: [CaseRule] = [
    CaseRule(
      .file, from: [], to: [.intake, .file],
      by: [.supervision, .command, .leader, .handler, .system], required: [.report]),
    CaseRule(
      .confirm, from: [.intake], to: [.file], by: [.supervision], required: [.onSite],
      optional: [.text]),
    CaseRule(
      .markFalse, from: [.intake, .file], to: [.falseAlarm], by: [.supervision],
      required: [.reason], isForOthers: true),
    CaseRule(
      .dispatch, from: [.file], to: [.dispatch], by: [.command], required: [.organisation],
      optional: [.limit, .text]),
    CaseRule(
      .rule, from: [.file], to: [.dispatch], by: [.leader], required: [.organisation, .reason],
      optional: [.limit]),
    CaseRule(.accept, from: [.dispatch], to: [.handle], by: [.handler], isForUnit: true),
    CaseRule(
      .giveBack, from: [.dispatch, .handle], to: [.file], by: [.handler], required: [.reason],
      isForUnit: true),
    CaseRule(
      .recall, from: [.dispatch, .handle], to: [.file], by: [.command, .leader],
      required: [.reason]),
    CaseRule(
      .progress, from: [.handle], by: [.handler], required: [.text], optional: [.percent],
      isForUnit: true),
    CaseRule(
      .report, from: [.handle], to: [.feedback], by: [.handler], required: [.text, .evidence],
      isForUnit: true),
    CaseRule(
      .pass, from: [.feedback], to: [.verify], by: [.supervision], optional: [.text],
      isForOthers: true),
    CaseRule(
      .fail, from: [.feedback], to: [.handle, .file], by: [.supervision],
      required: [.reason, .back], isForOthers: true),
    CaseRule(
      .close, from: [.verify], to: [.closed], by: [.supervision], optional: [.text],
      isForOthers: true),
    CaseRule(
      .evaluate, from: [.closed], to: [.evaluate], by: [.supervision], required: [.score],
      optional: [.text], isForOthers: true),
    CaseRule(
      .reopen, from: [.closed, .evaluate, .falseAlarm], to: [.intake, .file],
      by: [.supervision, .leader], required: [.reason]),
    CaseRule(
      .suspend, from: [.dispatch, .handle], to: [.suspended], by: [.command, .leader],
      required: [.until, .reason]),
    CaseRule(
      .resume, from: [.suspended], to: [.dispatch, .handle], by: [.command, .leader, .system]),
    CaseRule(
      .requestExtension, from: [.dispatch, .handle], by: [.handler], required: [.reason],
      isForUnit: true),
    CaseRule(
      .approveExtension, from: [.dispatch, .handle], by: [.command], optional: [.text],
      isForOthers: true),
    CaseRule(
      .refuseExtension, from: [.dispatch, .handle], by: [.command], required: [.reason],
      isForOthers: true),
    CaseRule(
      .regrade, from: beforeCheck, by: centres, required: [.reason],
      optional: [.grade, .classCode]),
    CaseRule(
      .merge, from: [.intake, .file], to: [.merged], by: [.supervision, .command],
      required: [.into, .reason]),
    CaseRule(
      .detach, from: [.merged], to: [.intake, .file], by: [.supervision, .command],
      required: [.reason]),
    CaseRule(
      .note, from: Stage.allCases, by: Authority.allCases, required: [.text]),
    CaseRule(
      .addEvidence, from: beforeCheck, by: [.supervision, .command, .handler],
      required: [.evidence]),
    CaseRule(.changeWarning, from: Stage.allCases, by: [.system], required: [.warning]),
    CaseRule(
      .link, from: Stage.allCases, by: centres + [.system], required: [.linked]),
    CaseRule(
      .appeal, from: [.closed, .evaluate], by: [.handler], required: [.reason], isForUnit: true),
    CaseRule(
      .approveAppeal, from: [.closed, .evaluate], by: [.command, .supervision],
      optional: [.text], isForOthers: true),
    CaseRule(
      .refuseAppeal, from: [.closed, .evaluate], by: [.command, .supervision],
      required: [.reason], isForOthers: true),
  ]

  /// The stages that can follow one of ``from``.
  public func targets(from stage: Stage) -> [Stage] {
    // What was closed had been confirmed.
    if verb == .reopen, stage != .falseAlarm { return [.file] }
    return to
  }

  /// The row of a verb.
  static func of(_ verb: CaseVerb) -> CaseRule? { all.first { $0.verb == verb } }
}

/// What somebody may do with a case now, and what it asks for.
public struct ActionDescription: Hashable, Sendable, Codable {
  /// The action.
  public let verb: CaseVerb
  /// What stands on the button.
  public let label: Label
  /// Must be given.
  public let required: [CaseField]
  /// May be given.
  public let optional: [CaseField]
  /// A reason must be given.
  public var needsReason: Bool { required.contains(.reason) }
  /// Evidence must be given, or lie there already.
  public var needsEvidence: Bool { required.contains(.evidence) }
}

extension Incident {
  /// What `party` may do now: exactly the verbs that ``decide(_:_:by:context:)`` does not refuse
  /// when the values it asks for are acceptable.
  public static func allowedActions(
    _ state: Incident?, by party: ActingParty, context: CaseContext
  ) -> [ActionDescription] {
    CaseRule.all.compactMap { rule in
      guard (try? check(rule.verb, state, by: party, context: context)) != nil else { return nil }
      var required = rule.required
      var optional = rule.optional
      if rule.verb == .report, state.map({ !$0.lacksEvidence(context) }) ?? false {
        required.removeAll { $0 == .evidence }
        optional.append(.evidence)
      }
      return ActionDescription(
        verb: rule.verb, label: rule.verb.label, required: required, optional: optional)
    }
  }

  /// Whether the unit's report must bring evidence of its own.
  func lacksEvidence(_ context: CaseContext) -> Bool {
    context.policy.reportNeedsEvidence
      && !evidence.dropFirst(evidenceBefore).contains { $0.phase == .after }
  }

  /// Whether the rules let `party` do it now, whatever it brings.
  ///
  /// - Throws: ``Problem`` `notFound` or `duplicate` when the case does not, or does, exist;
  ///   `forbidden` when the party lacks the authority, `refused` when the case is not at it.
  static func check(
    _ verb: CaseVerb, _ state: Incident?, by party: ActingParty, context: CaseContext
  ) throws(Problem) {
    guard let rule = CaseRule.of(verb) else { throw Problem(.internalFault, "no rule for it") }
    guard let state else {
      guard rule.from.isEmpty else { throw Problem(.notFound, "there is no such case") }
      return try party.require(rule.by)
    }
    guard !rule.from.isEmpty else { throw Problem(.duplicate, "the case exists already") }
    try party.require(rule.by)
    guard rule.from.contains(state.stage) else {
      throw Problem(
        .refused, "\(verb.rawValue) is not possible in the stage \(state.stage.rawValue)")
    }
    if rule.isForUnit, party.organisation == nil || party.organisation != state.responsible {
      throw Problem(.forbidden, "only the unit that must handle the case may do this")
    }
    if rule.isForOthers, state.isHandledBy(party) {
      throw Problem(.forbidden, "whoever handled the case does not judge it")
    }
    try state.condition(verb, party, context)
  }

  /// What the table cannot say.
  private func condition(
    _ verb: CaseVerb, _ party: ActingParty, _ context: CaseContext
  ) throws(Problem) {
    func require(_ holds: Bool, _ reason: String) throws(Problem) {
      if !holds { throw Problem(.refused, reason) }
    }
    switch verb {
    case .dispatch:
      try require(
        bounces < context.policy.maximumBounces,
        "units returned it \(bounces) times; it takes a final ruling")
    case .rule:
      try require(bounces > 0, "a ruling needs a return before it")
    case .giveBack:
      try require(!isRuled, "it was dispatched by a final ruling and cannot be returned")
    case .close:
      try require(isVerified, "the check on site was not passed since the last dispatch")
    case .suspend:
      try require(suspensions == 0, "a case is suspended only once")
      try require(
        clocks.handleDue.map { context.now <= $0 } ?? true, "it is overdue already")
    case .resume:
      if party.capacities == [.system] {
        try require(
          clocks.suspendedUntil.map { $0 <= context.now } ?? true, "its review date lies ahead")
      }
    case .requestExtension:
      try require(pendingExtension == nil, "a request waits for its decision")
      try require(
        extensions < context.policy.maximumExtensions,
        "\(extensions) extensions were approved already")
    case .approveExtension, .refuseExtension:
      try require(pendingExtension != nil, "no extension was asked for")
    case .addEvidence:
      let isCentre = party.isAny(of: [.supervision, .command])
      if !isCentre, party.organisation == nil || party.organisation != responsible {
        throw Problem(.forbidden, "only the unit that must handle the case may do this")
      }
      try require(evidence.count < Evidence.maximumCount, "it has as many pieces as it can take")
    case .appeal:
      try require(appeal == nil, "a case is appealed only once")
      try require(
        overdue.contains { $0.organisation == party.organisation },
        "no limit of this unit was missed")
    case .approveAppeal, .refuseAppeal: try review(party, context)
    default: break
    }
  }

  /// Two reviews by two people: the command centre first, then the supervision centre.
  private func review(_ party: ActingParty, _ context: CaseContext) throws(Problem) {
    guard let appeal, appeal.outcome == nil else {
      throw Problem(.refused, "no appeal waits for a review")
    }
    let needed: Authority = appeal.reviewers.isEmpty ? .command : .supervision
    guard party.capacities.contains(needed) else {
      throw Problem(.forbidden, "this review belongs to the authority \(needed.rawValue)")
    }
    guard !appeal.reviewers.contains(party.who) else {
      throw Problem(.forbidden, "the second review needs another person")
    }
  }
}
