import CityCore
import Operations
import Outbound

/// The queue of unacknowledged alarms, on its way to the people who are told by mail.
struct MailDeliveries: DeliveryStore {
  static let endpoint = "mail"
  /// Stands for "not tried any more"; the row stays, with its error, to be seen.
  static let never = UTCTime(seconds: 253_402_300_799)

  let engine: CommandEngine
  let target: MailTarget
  /// An alarm that waited longer than this, because the node was down or sent no mail, is history.
  let longestWait: Duration64

  func due(now: UTCTime, limit: Int) async throws(Problem) -> [Delivery] {
    let (target, oldest) = (target, now - longestWait)
    return try await engine.asked { core, _, store, _ in
      var due: [Delivery] = []
      for var message in try store.outbound(dueBy: now, limit: limit) {
        if message.attempts == 0, message.queued < oldest {
          message.nextAttempt = Self.never
          message.lastError = "was too old when it could be sent"
          try store.update(message)
          continue
        }
        due.append(
          Delivery(
            endpoint: Self.endpoint, position: 0, failures: message.attempts,
            since: message.queued, target: .mail(target),
            message: OutsideMessages.message(message, node: core.node)))
      }
      return due
    }
  }

  func nextDue() async throws(Problem) -> UTCTime? {
    try await engine.asked { _, _, store, _ in
      try store.outbound(dueBy: Self.never - .seconds(1), limit: 1).first?.nextAttempt
    }
  }

  func delivered(_ delivery: Delivery, at time: UTCTime) async throws(Problem) {
    try await change(delivery) { message in
      message.sent = time
      message.lastError = nil
    }
  }

  func failed(
    _ delivery: Delivery, _ failure: DeliveryFailure, at time: UTCTime, retry: UTCTime?
  ) async throws(Problem) {
    try await change(delivery) { message in
      message.attempts += 1
      message.lastError = failure.reason
      message.nextAttempt = retry ?? Self.never
    }
  }

  private func change(
    _ delivery: Delivery, _ body: @escaping @Sendable (inout Operations.OutboundMessage) -> Void
  ) async throws(Problem) {
    let id = delivery.message.id
    try await engine.asked { _, now, store, _ in
      let waiting = try store.outbound(dueBy: now, limit: 10_000)
      guard var message = waiting.first(where: { $0.id == id }) else { return }
      body(&message)
      try store.update(message)
    }
  }
}
