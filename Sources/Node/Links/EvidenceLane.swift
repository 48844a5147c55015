import CityCore
import Crypto
import Journal
import LinkCarrier
import Linkage
import Logging
import Operations
import Synchronization

/// Evidence between nodes: one chunk at a time, each asked for, checked by hash at the end, resumed
/// where it broke off. Orders never wait behind more than one chunk.
final class EvidenceLane: Sendable {
  /// Hash, offset and whole size stand before the bytes of a chunk.
  private static let header = 32 + 8 + 8
  private static let chunk = 256 * 1024

  private struct Fetch {
    var wanted: WantedEvidence
    var writer: EvidenceFiles.Writer
    var offset: Int64 = 0
    var asked: UTCTime
  }

  private struct State {
    var queue: [WantedEvidence] = []
    var running: [NodeID: Fetch] = [:]
    var isLoaded = false
  }

  private let state = Mutex(State())
  private let files: EvidenceFiles
  private let links: LinkService
  private let engine: CommandEngine
  private let clock: any Clock64
  private let logger: Logger

  init(
    files: EvidenceFiles, links: LinkService, engine: CommandEngine, clock: any Clock64,
    logger: Logger
  ) {
    self.files = files
    self.links = links
    self.engine = engine
    self.clock = clock
    self.logger = logger
  }

  // MARK: - Fetching

  func want(_ wanted: [WantedEvidence]) {
    add(wanted)
    tick()
  }

  private func add(_ wanted: [WantedEvidence]) {
    state.withLock { state in
      for each in wanted {
        let isKnown =
          state.queue.contains { $0.isSameFile(as: each) }
          || state.running.values.contains { $0.wanted.isSameFile(as: each) }
        if !isKnown { state.queue.append(each) }
      }
    }
  }

  /// Looks in the store for what has not arrived: at the start, and from time to time, for a
  /// neighbour may not have had it when it was asked.
  func reload() {
    let found = Mutex<[WantedEvidence]>([])
    engine.enqueue { core, _, store, _ in
      let missing = try core.missingEvidence(store: store)
      found.withLock { $0 = missing }
    } done: { [self] error in
      guard error == nil else { return }
      let missing = found.withLock { $0 }
      let isFirst = state.withLock { state in
        defer { state.isLoaded = true }
        return !state.isLoaded
      }
      if isFirst { files.sweepFetched(keeping: missing) }
      add(missing)
    }
  }

  /// Starts what can start, and asks again for what did not come. About once a second.
  func tick() {
    let now = clock.now()
    var asks: [(NodeID, Frame.EvidenceWanted)] = []
    var whole: [Fetch] = []
    state.withLock { state in
      for (node, fetch) in state.running where now - fetch.asked > .seconds(10) {
        state.running[node] = nil
        fetch.writer.suspend()
        state.queue.append(fetch.wanted)
      }
      var rest: [WantedEvidence] = []
      for wanted in state.queue {
        guard state.running[wanted.via] == nil, links.connection(to: wanted.via) != nil,
          let writer = try? files.fetcher(wanted)
        else {
          rest.append(wanted)
          continue
        }
        let fetch = Fetch(wanted: wanted, writer: writer, offset: writer.size, asked: now)
        if fetch.offset >= wanted.size {
          whole.append(fetch)
          continue
        }
        state.running[wanted.via] = fetch
        asks.append(
          (
            wanted.via,
            Frame.EvidenceWanted(
              sha256: wanted.sha256, thing: wanted.thing, offset: fetch.offset)
          ))
      }
      state.queue = rest
    }
    for (node, frame) in asks { ask(node, frame) }
    for fetch in whole { keep(fetch) }
  }

  private func ask(_ node: NodeID, _ wanted: Frame.EvidenceWanted) {
    guard let bytes = try? Frame.evidenceWanted(wanted).encoded() else { return }
    links.connection(to: node)?.send([.text(bytes)])
  }

  func received(_ bytes: [UInt8], from peer: NodeID) {
    guard bytes.count >= Self.header, let hash = Digest32(Array(bytes[0..<32])) else { return }
    let offset = Self.number(bytes[32..<40])
    let whole = Self.number(bytes[40..<48])
    let now = clock.now()
    var next: Frame.EvidenceWanted?
    var done: Fetch?
    state.withLock { state in
      guard var fetch = state.running[peer], fetch.wanted.sha256 == hash,
        fetch.offset == offset, whole == fetch.wanted.size
      else { return }
      do {
        try fetch.writer.write(Array(bytes[Self.header...]))
      } catch {
        // A full disk, most likely: room is made, and it is asked for anew later.
        fetch.writer.cancel()
        state.running[peer] = nil
        state.queue.append(fetch.wanted)
        return
      }
      #if DEBUG
        CrashPoint.evidenceChunk.pass()
      #endif
      fetch.offset = fetch.writer.size
      fetch.asked = now
      if fetch.offset >= whole {
        state.running[peer] = nil
        done = fetch
      } else {
        state.running[peer] = fetch
        next = Frame.EvidenceWanted(
          sha256: hash, thing: fetch.wanted.thing, offset: fetch.offset)
      }
    }
    if let next { ask(peer, next) }
    if let done { finish(done) }
  }

  private func finish(_ fetch: Fetch) {
    keep(fetch)
    tick()
  }

  /// A file has come whole. One that is not what was announced is fetched anew, at a later look.
  private func keep(_ fetch: Fetch) {
    do throws(Problem) {
      let (hash, size) = try fetch.writer.finish(expected: fetch.wanted.sha256)
      #if DEBUG
        CrashPoint.evidenceFetched.pass()
      #endif
      let wanted = fetch.wanted
      engine.enqueue { core, now, store, _ in
        try store.put(
          EvidenceRecord(
            sha256: hash, thing: wanted.thing, name: wanted.name, mediaType: wanted.mediaType,
            size: size, added: now, by: core.settings.selfPrincipal, present: size))
      } done: { _ in
      }
    } catch {
      logger.warning(
        "evidence cannot be kept",
        metadata: ["via": "\(fetch.wanted.via)", "why": "\(error.code.name)"])
    }
  }

  /// The neighbour does not have it, or not for us.
  func missing(_ hash: Digest32, at peer: NodeID) {
    state.withLock { state in
      if let fetch = state.running[peer], fetch.wanted.sha256 == hash {
        fetch.writer.suspend()
        state.running[peer] = nil
      }
    }
  }

  // MARK: - Giving

  /// Sends one chunk, when the neighbour takes part in the thing and the file belongs to it.
  func send(_ wanted: Frame.EvidenceWanted, over link: LinkConnection) {
    let peer = link.peer.node
    let files = files
    let mayHave = Mutex(false)
    engine.enqueue { core, _, store, _ in
      let records = try store.evidence(wanted.sha256)
      guard let record = try store.thing(wanted.thing),
        records.contains(where: { $0.thing == wanted.thing && $0.present == $0.size }),
        record.labels.parties.contains(where: {
          $0 == peer || core.links.route(to: $0) == peer
        })
      else { return }
      mayHave.withLock { $0 = true }
    } done: { _ in
      guard mayHave.withLock({ $0 }), let size = files.size(wanted.sha256),
        let bytes = try? files.read(wanted.sha256, offset: wanted.offset, count: Self.chunk)
      else {
        let answer = Frame.evidenceMissing(Frame.EvidenceMissing(sha256: wanted.sha256))
        if let bytes = try? answer.encoded() { link.send([.text(bytes)]) }
        return
      }
      link.send([
        .binary(
          wanted.sha256.bytes + Self.bytes(wanted.offset) + Self.bytes(size) + bytes)
      ])
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
    bytes.reduce(0) { $0 << 8 | Int64($1) }
  }

  private static func bytes(_ number: Int64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64(56 - 8 * $0)) }
  }
}
