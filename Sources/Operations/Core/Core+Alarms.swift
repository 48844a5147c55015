import CityCore
import Journal
import Warnings

extension CommandCore {
  static let alarmCursor = "alarms"
  private static let alarmBatch = 500
  private static let alarmBatches = 4

  /// Queues the orange and red warnings of this node that nobody acknowledged in time, once for each
  /// grade.
  ///
  /// Follows the journal at a distance of ``CoreSettings/unacknowledgedAfter``: whatever happened to
  /// a warning that long ago is held against how the warning stands now. The place reached is kept
  /// in the same transaction, so a restart neither forgets nor repeats.
  mutating func raiseAlarms(now: UTCTime, store: any CoreStore) throws {
    let begun = try store.cursor(Self.alarmCursor)
    let settled = now - settings.unacknowledgedAfter
    var reached = begun
    follow: for _ in 0..<Self.alarmBatches {
      let batch = try store.events(after: reached, limit: Self.alarmBatch)
      for item in batch {
        // Warnings from elsewhere are sent out where they belong.
        if item.arrival == nil {
          guard item.event.header.time.time <= settled else { break follow }
          try raiseAlarm(for: item.event, now: now, store: store)
        }
        reached = item.position
      }
      if batch.count < Self.alarmBatch { break }
    }
    if reached != begun { try store.putCursor(Self.alarmCursor, reached) }
  }

  private func raiseAlarm(
    for event: StoredEvent, now: UTCTime, store: any CoreStore
  ) throws {
    guard event.thing.kind == WarningEvent.thingKind,
      let grade = event.header.labels.grade, grade >= .orange,
      let record = try store.thing(event.thing), record.owner == node,
      let warning = try? WarningState(record: record), warning.stage == .raised,
      warning.grade >= .orange
    else { return }
    let name = Label(
      zh: "\(warning.ruleName.zh)：\(warning.subjectName.zh)",
      en: "\(warning.ruleName.en): \(warning.subjectName.en)")
    try queueOutbound(
      record, name, warning.grade, mark: warning.grade.rawValue, now: now, store: store)
  }
}
