import CityCore
import CityJSON
import HelperKit
import Testing

@testable import Outbound

@Suite(.serialized, .timeLimit(.minutes(1))) struct `Working the queues off` {
  private struct Running {
    let worker: DeliveryWorker
    let task: Task<Void, Never>
    func stop() async {
      task.cancel()
      await task.value
    }
  }

  private func run(_ queues: Queues, _ service: OutboundService) -> Running {
    let worker = DeliveryWorker(service: service, store: queues, clock: WallClock())
    return Running(worker: worker, task: Task { await worker.run() })
  }

  private var quick: RetrySchedule {
    RetrySchedule(waits: [.milliseconds(20)], giveUp: .hours(1))
  }

  private func ids(_ receiver: Helper, _ count: Int) async throws -> [String] {
    var ids: [String] = []
    for _ in 0..<count {
      let body = try await receiver.next()["body"]?.stringValue ?? ""
      ids.append(try JSON.parse(body)["id"]?.stringValue ?? "")
    }
    return ids
  }

  @Test func `an endpoint that is busy gets every message, in order, and once`() async throws {
    let receiver = try await Helper.receiver()
    let queues = Queues()
    let now = WallClock().now()
    queues.add("busy", try webhook("http://127.0.0.1:\(receiver.port)/busy"))
    for number in 1...3 { queues.queue(message("m\(number)"), for: "busy", at: now) }
    let running = run(queues, try makeService(["127.0.0.1:\(receiver.port)"]) { $0.retry = quick })
    #expect(try await ids(receiver, 5) == ["m1", "m1", "m1", "m2", "m3"])
    var delivered: [Int64] = []
    var failures = 0
    for await event in queues.events {
      switch event {
      case .delivered(_, let position): delivered.append(position)
      case .failed(_, let position, let failure, let retry):
        failures += 1
        #expect(position == 1 && failure.kind == .passing && retry != nil)
      }
      if delivered.count == 3 { break }
    }
    #expect(delivered == [1, 2, 3] && failures == 2)
    await running.stop()
    receiver.stop()
  }

  @Test func `one endpoint that is down does not hold up another`() async throws {
    let receiver = try await Helper.receiver()
    let queues = Queues()
    let now = WallClock().now()
    queues.add("a-down", try webhook("http://127.0.0.1:1/"))
    queues.add("b-up", try webhook("http://127.0.0.1:\(receiver.port)/ok"))
    queues.queue(message("x"), for: "a-down", at: now)
    for number in 1...3 { queues.queue(message("m\(number)"), for: "b-up", at: now) }
    let running = run(
      queues, try makeService(["127.0.0.1:1", "127.0.0.1:\(receiver.port)"]) { $0.retry = quick })
    #expect(try await ids(receiver, 3) == ["m1", "m2", "m3"])
    await running.stop()
    receiver.stop()
  }

  @Test func `what is unwanted is given up, and the next goes on`() async throws {
    let receiver = try await Helper.receiver()
    let queues = Queues()
    let now = WallClock().now()
    queues.add("gone", try webhook("http://127.0.0.1:\(receiver.port)/gone"))
    queues.queue(message("m1"), for: "gone", at: now)
    queues.queue(message("m2"), for: "gone", at: now)
    let running = run(queues, try makeService(["127.0.0.1:\(receiver.port)"]))
    #expect(try await ids(receiver, 2) == ["m1", "m2"])
    for await event in queues.events {
      if case .failed(_, 2, let failure, let retry) = event {
        #expect(failure.kind == .unwanted && retry == nil)
        break
      }
    }
    await running.stop()
    receiver.stop()
  }

  @Test func `setting the cursor back sends the same ids again`() async throws {
    let receiver = try await Helper.receiver()
    let queues = Queues()
    let now = WallClock().now()
    queues.add("ok", try webhook("http://127.0.0.1:\(receiver.port)/ok"))
    let running = run(queues, try makeService(["127.0.0.1:\(receiver.port)"]))
    for number in 1...4 { queues.queue(message("m\(number)"), for: "ok", at: now) }
    running.worker.wake()
    #expect(try await ids(receiver, 4) == ["m1", "m2", "m3", "m4"])
    for await event in queues.events {
      if case .delivered(_, 4) = event { break }
    }
    queues.rewind("ok", to: 2, at: now)
    running.worker.wake()
    #expect(try await ids(receiver, 2) == ["m3", "m4"])
    await running.stop()
    receiver.stop()
  }
}
