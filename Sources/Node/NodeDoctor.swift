import CityCore
import Glibc
import Journal
import LinkCarrier
import Operations
import StoreSQLite
import Synchronization

/// Looks at a node's folder while the node does not run.
public enum NodeDoctor {
  public struct Finding: Sendable, Codable {
    public var isFine: Bool
    public var what: String
  }

  public struct Report: Sendable, Codable {
    public var findings: [Finding]
  }

  public struct Verification: Sendable, Codable {
    public struct Finding: Sendable, Codable {
      public var kind: String
      public var event: String
      public var detail: String
    }
    public var checked: Int
    public var findings: [Finding]
  }

  /// Keys, store, free space.
  public static func examine(_ settings: NodeSettings) throws -> Report {
    let home = NodeHome(settings.data)
    var findings: [Finding] = []
    func check(_ what: String, _ body: () throws -> String) {
      do { findings.append(Finding(isFine: true, what: "\(what): \(try body())")) } catch {
        findings.append(Finding(isFine: false, what: "\(what): \(error)"))
      }
    }
    check("keys") {
      let keys = try home.loadKeys()
      return "authority \(keys.authority.fingerprint)"
    }
    check("store") {
      let storage = try SQLiteNodeStore(path: home.database)
      defer { storage.close() }
      let head = try storage.transaction { store in try store.journalHead() }
      return "\(head.node), epoch \(head.epoch), \(head.seq) own events"
    }
    check("space") {
      var facts = statvfs()
      guard statvfs(home.path, &facts) == 0 else {
        throw Problem(.configuration, "\(home.path) cannot be looked at")
      }
      let free = Int64(facts.f_bavail) * Int64(facts.f_frsize)
      guard free > 200 << 20 else {
        throw Problem(.storageFull, "\(free >> 20) MiB free")
      }
      return "\(free >> 20) MiB free"
    }
    return Report(findings: findings)
  }

  /// Walks the chain of the present epoch.
  public static func verify(_ settings: NodeSettings) async throws -> Verification {
    let home = NodeHome(settings.data)
    let keys = try home.loadKeys()
    let storage = try SQLiteNodeStore(path: home.database)
    defer { storage.close() }
    let head = try storage.transaction { store in try store.journalHead() }
    let verifier = Mutex(
      JournalVerifier(
        node: head.node, epoch: head.epoch, publicKey: keys.signer.publicKey,
        verifier: NodeSignatureVerifier()))
    let walked = try await storage.reader.walkChain { event, mark in
      verifier.withLock { $0.check(event) { _ in mark } }
    }
    return verifier.withLock { verifier in
      verifier.finish(head: walked)
      return Verification(
        checked: verifier.checked,
        findings: verifier.findings.map {
          .init(kind: $0.kind.rawValue, event: $0.event.description, detail: $0.detail)
        })
    }
  }
}
