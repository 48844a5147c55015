public import CityCore
import Incidents
import Journal
public import Warnings

extension CommandCore {
  /// Makes a transition that the rules found an event, and files the case that its rule names.
  public mutating func apply(
    _ each: TransitionInContext, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard let command = each.transition.command(rule: each.rule, subject: each.subject) else {
      return
    }
    let id = each.transition.id
    let before = try store.thing(id)
    if let before, before.owner != node { return }
    let state = try before.map { try WarningState(record: $0) }
    // A step or an end of something that was never raised here is passed over.
    if state == nil {
      guard case .raise = command else { return }
    }
    let events = try WarningMachine.decide(state, command)
    guard !events.isEmpty else { return }
    var labels =
      before?.labels
      ?? Labels(
        jurisdiction: each.subject?.jurisdiction ?? settings.jurisdiction, grade: nil,
        classCode: each.rule?.incident?.classCode)
    if let grade = each.transition.grade { labels.grade = grade }
    let written = try write(
      events.map { $0.draft(thing: id, actor: actor(.rule), labels: labels) }, now: now,
      store: store, outcome: &outcome)
    try follow(
      each, state: state, cause: written.last?.event.id, now: now, store: store, outcome: &outcome)
  }

  private mutating func follow(
    _ each: TransitionInContext, state: WarningState?, cause: EventID?, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let ours = ActingParty(actor: actor(.rule), capacities: [])
    if let incident = state?.incident {
      let link = WarningLink(
        warning: each.transition.id, grade: each.transition.grade ?? state?.grade ?? .blue,
        isOpen: each.transition.grade != nil)
      try passingOver {
        try act(
          on: incident, .changeWarning(link), by: ours, cause: cause, now: now, store: store,
          outcome: &outcome)
      }
      return
    }
    guard let policy = each.rule?.incident, each.transition.filesIncident(policy),
      let subject = each.subject, let grade = each.transition.grade, let rule = each.rule,
      !isQuarantined
    else { return }
    let report = CaseReport(
      title: "\(rule.name.zh)：\(subject.name.zh)",
      description: "\(rule.name.en): \(subject.name.en)", classCode: policy.classCode,
      grade: grade, source: .sensor, place: subject.place, jurisdiction: subject.jurisdiction,
      warning: WarningLink(warning: each.transition.id, grade: grade))
    let filed = try fileIncident(
      report, by: ours, cause: cause, now: now, store: store, outcome: &outcome)
    guard let record = try store.thing(each.transition.id), record.owner == node else { return }
    let events = try WarningMachine.decide(
      try WarningState(record: record), .file(incident: filed))
    try write(
      events.map {
        $0.draft(thing: record.id, actor: actor(.rule), cause: cause, labels: record.labels)
      }, now: now, store: store, outcome: &outcome)
  }

  /// Acknowledges a warning, or calls it a false alarm, for a person.
  public mutating func act(
    on thing: ThingID, _ command: WarningCommand, by actor: Actor, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let record = try held(thing, store: store)
    let events = try WarningMachine.decide(try WarningState(record: record), command)
    guard !events.isEmpty else { return }
    try write(
      events.map { $0.draft(thing: thing, actor: actor, labels: record.labels) }, now: now,
      store: store, outcome: &outcome)
    outcome.thing = thing
  }
}
