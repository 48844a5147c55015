import CityCore
import FoundationEssentials
import Glibc

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
    let taken = Lock(descriptor)
    do throws(Problem) { try Restore(home: self).finish() } catch {
      taken.release()
      throw error
    }
    return taken
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
