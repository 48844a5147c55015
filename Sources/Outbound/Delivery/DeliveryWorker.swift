public import CityCore
import Logging
import Operations
import Synchronization

/// Works the queues of a ``DeliveryStore`` off, for ever.
public final class DeliveryWorker: Sendable {
  /// Looks by itself this often, should a wake-up have been missed.
  private static let longestNap = Duration64.seconds(5)
  private static let shortestNap = Duration64.milliseconds(50)

  private let service: OutboundService
  private let store: any DeliveryStore
  private let clock: any Clock64
  private let calls: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation

  public init(service: OutboundService, store: any DeliveryStore, clock: any Clock64) {
    self.service = service
    self.store = store
    self.clock = clock
    (calls, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Something new may be due. Cheap; call it after each commit that queued something.
  public func wake() { bell.yield() }

  /// Works until the task is cancelled. What is on its way then is tried again at the next start.
  public func run() async {
    var nap: Task<Void, Never>?
    wake()
    for await _ in calls {
      nap?.cancel()
      let wait = await work()
      let bell = bell
      nap = Task {
        try? await Task.sleep(for: .microseconds(wait.microseconds))
        if !Task.isCancelled { bell.yield() }
      }
    }
    nap?.cancel()
  }

  /// Everything that is due, round by round, because an endpoint's next message becomes due when the
  /// one before is settled.
  /// - Returns: How long there is nothing to do.
  private func work() async -> Duration64 {
    do {
      while !Task.isCancelled {
        let due = try await store.due(now: clock.now(), limit: service.settings.concurrency)
        if due.isEmpty { break }
        try await round(due)
      }
      guard let next = try await store.nextDue() else { return Self.longestNap }
      return min(max(next - clock.now(), Self.shortestNap), Self.longestNap)
    } catch {
      service.logger.error("the queue of deliveries failed", metadata: ["problem": "\(error)"])
      return Self.longestNap
    }
  }

  private func round(_ due: [Delivery]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for delivery in due { group.addTask { try await self.handle(delivery) } }
      try await group.waitForAll()
    }
  }

  private func handle(_ delivery: Delivery) async throws(Problem) {
    #if DEBUG
      CrashPoint.outboundBeforeSend.pass()
    #endif
    do throws(DeliveryFailure) {
      try await service.deliver(delivery, now: clock.now())
    } catch {
      // Stopped, not failed: it stays due.
      if Task.isCancelled { return }
      try await note(delivery, error)
      return
    }
    #if DEBUG
      CrashPoint.outboundSent.pass()
    #endif
    OutboundService.count(delivery.target, "delivered")
    try await store.delivered(delivery, at: clock.now())
  }

  private func note(_ delivery: Delivery, _ failure: DeliveryFailure) async throws(Problem) {
    var random = SystemRandom()
    let now = clock.now()
    let retry = service.settings.retry.retry(
      of: delivery, after: failure, now: now, random: &random)
    OutboundService.count(delivery.target, failure.kind.rawValue)
    service.logger.warning(
      retry == nil ? "a delivery was given up" : "a delivery failed and is tried again",
      metadata: [
        "endpoint": "\(delivery.endpoint)", "position": "\(delivery.position)",
        "failures": "\(delivery.failures + 1)", "reason": "\(failure.reason)",
      ])
    try await store.failed(delivery, failure, at: now, retry: retry)
  }
}
