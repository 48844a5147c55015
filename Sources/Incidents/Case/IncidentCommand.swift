public import CityCore

/// What is asked of a case.
public enum IncidentCommand: Hashable, Sendable {
  case file(CaseReport)
  case confirm(onSite: Bool, text: String? = nil)
  case markFalse(reason: String)
  case dispatch(organisation: PrincipalID, limit: Limit? = nil, text: String? = nil)
  case rule(organisation: PrincipalID, limit: Limit? = nil, reason: String)
  case accept
  case giveBack(reason: String)
  case recall(reason: String)
  case progress(text: String, percent: Int? = nil)
  case report(text: String, evidence: [Evidence] = [])
  case pass(text: String? = nil)
  /// `back` is `handle` (the same unit again) or `file` (to the dispatcher).
  case fail(reason: String, back: Stage)
  case close(text: String? = nil)
  case evaluate(score: Int, text: String? = nil)
  case reopen(reason: String)
  case suspend(until: UTCTime, reason: String)
  case resume
  case requestExtension(reason: String)
  case approveExtension(text: String? = nil)
  case refuseExtension(reason: String)
  case regrade(grade: Grade?, classCode: String?, reason: String)
  case merge(into: ThingID, reason: String)
  case detach(reason: String)
  case note(text: String)
  case addEvidence([Evidence])
  case changeWarning(WarningLink)
  case link(LinkedThing)
  case appeal(reason: String)
  case approveAppeal(text: String? = nil)
  case refuseAppeal(reason: String)

  /// The row of the state machine that it falls under.
  public var verb: CaseVerb {
    switch self {
    case .file: .file
    case .confirm: .confirm
    case .markFalse: .markFalse
    case .dispatch: .dispatch
    case .rule: .rule
    case .accept: .accept
    case .giveBack: .giveBack
    case .recall: .recall
    case .progress: .progress
    case .report: .report
    case .pass: .pass
    case .fail: .fail
    case .close: .close
    case .evaluate: .evaluate
    case .reopen: .reopen
    case .suspend: .suspend
    case .resume: .resume
    case .requestExtension: .requestExtension
    case .approveExtension: .approveExtension
    case .refuseExtension: .refuseExtension
    case .regrade: .regrade
    case .merge: .merge
    case .detach: .detach
    case .note: .note
    case .addEvidence: .addEvidence
    case .changeWarning: .changeWarning
    case .link: .link
    case .appeal: .appeal
    case .approveAppeal: .approveAppeal
    case .refuseAppeal: .refuseAppeal
    }
  }
}

/// The values of a request for an action: the fields of ``CaseField``, all optional.
public struct CaseInput: Hashable, Sendable, Codable {
  public var reason: String?
  public var text: String?
  public var onSite: Bool?
  public var organisation: PrincipalID?
  public var limit: Limit?
  public var percent: Int?
  public var evidence: [Evidence]?
  public var back: Stage?
  public var score: Int?
  public var until: UTCTime?
  public var grade: Grade?
  public var classCode: String?
  public var into: ThingID?
  public var warning: WarningLink?
  public var linked: LinkedThing?
  public var report: CaseReport?
  /// Nothing given.
  public init() {}
}

extension IncidentCommand {
  /// The command that a request means.
  /// - Throws: ``Problem`` `invalid` naming the first value that is missing.
  public init(_ verb: CaseVerb, _ input: CaseInput) throws(Problem) {
    func need<Value>(_ value: Value?, _ field: CaseField) throws(Problem) -> Value {
      guard let value else { throw TextRule.fault("/" + field.rawValue, "is needed") }
      return value
    }
    func reason() throws(Problem) -> String { try need(input.reason, .reason) }
    switch verb {
    case .file: self = .file(try need(input.report, .report))
    case .confirm: self = .confirm(onSite: try need(input.onSite, .onSite), text: input.text)
    case .markFalse: self = .markFalse(reason: try reason())
    case .dispatch:
      self = .dispatch(
        organisation: try need(input.organisation, .organisation), limit: input.limit,
        text: input.text)
    case .rule:
      self = .rule(
        organisation: try need(input.organisation, .organisation), limit: input.limit,
        reason: try reason())
    case .accept: self = .accept
    case .giveBack: self = .giveBack(reason: try reason())
    case .recall: self = .recall(reason: try reason())
    case .progress:
      self = .progress(text: try need(input.text, .text), percent: input.percent)
    case .report:
      self = .report(text: try need(input.text, .text), evidence: input.evidence ?? [])
    case .pass: self = .pass(text: input.text)
    case .fail: self = .fail(reason: try reason(), back: try need(input.back, .back))
    case .close: self = .close(text: input.text)
    case .evaluate: self = .evaluate(score: try need(input.score, .score), text: input.text)
    case .reopen: self = .reopen(reason: try reason())
    case .suspend: self = .suspend(until: try need(input.until, .until), reason: try reason())
    case .resume: self = .resume
    case .requestExtension: self = .requestExtension(reason: try reason())
    case .approveExtension: self = .approveExtension(text: input.text)
    case .refuseExtension: self = .refuseExtension(reason: try reason())
    case .regrade:
      self = .regrade(grade: input.grade, classCode: input.classCode, reason: try reason())
    case .merge: self = .merge(into: try need(input.into, .into), reason: try reason())
    case .detach: self = .detach(reason: try reason())
    case .note: self = .note(text: try need(input.text, .text))
    case .addEvidence: self = .addEvidence(try need(input.evidence, .evidence))
    case .changeWarning: self = .changeWarning(try need(input.warning, .warning))
    case .link: self = .link(try need(input.linked, .linked))
    case .appeal: self = .appeal(reason: try reason())
    case .approveAppeal: self = .approveAppeal(text: input.text)
    case .refuseAppeal: self = .refuseAppeal(reason: try reason())
    }
  }
}
