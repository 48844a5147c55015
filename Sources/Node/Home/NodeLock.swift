import CityCore
import FoundationEssentials
import Glibc
import Operations

extension NodeHome {
  /// Keeps two processes from serving one folder. Gone with the process, however it ends.
  final class Lock: Sendable {
    private let descriptor: Int32
    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }
    func release() { close(descriptor) }
  }

  /// Takes the folder for this process, and finishes a restore that was interrupted when it counted
  /// already.
  /// - Throws: ``Problem`` `configuration` when another process holds it.
  func takeLock() throws(Problem) -> Lock {
    let descriptor = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if descriptor >= 0 { close(descriptor) }
      throw Problem(.configuration, "another process serves \(path) already")
    }
    let lock = Lock(descriptor)
    do throws(Problem) { try tidyUp() } catch {
      lock.release()
      throw error
    }
    return lock
  }

  // MARK: - What a crash left

  /// Brings to its end what a crash interrupted, and removes what it left half-done. Under the lock.
  func tidyUp() throws(Problem) {
    try Restore(home: self).finish()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: backups)) ?? []
    // The plain copy of a backup that was never encrypted, among them.
    for name in names where name.contains(".part") {
      unlink("\(backups)/\(name)")
    }
  }

  /// Removes what an interrupted `node init` left.
  func removeUnfinished() throws(Problem) {
    guard FileManager.default.fileExists(atPath: initialising) else { return }
    Self.removeStore(database)
    do {
      let keys = path + "/keys"
      for name in try FileManager.default.contentsOfDirectory(atPath: keys) {
        try FileManager.default.removeItem(atPath: "\(keys)/\(name)")
      }
    } catch {
      throw Problem(.configuration, "what an interrupted set-up left cannot be removed: \(error)")
    }
  }

  /// A store with its log.
  static func removeStore(_ path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
  }

  /// Makes names in the folder durable.
  func syncFolder() {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  /// Tells which ports are open: `{"http": 7400, "link": 7401}`.
  func writePorts(http: Int?, link: Int?) {
    let members = [("http", http), ("link", link)].compactMap { name, port in
      port.map { "\"\(name)\": \($0)" }
    }
    let text = "{" + members.joined(separator: ", ") + "}\n"
    try? Data(text.utf8).write(to: URL(filePath: ports), options: [.atomic])
  }
}
