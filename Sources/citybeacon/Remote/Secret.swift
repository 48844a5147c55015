import CityCore
import Foundation
import Glibc

/// What people type and nobody should see. Never an argument: those show in the list of processes.
enum Secret {
  /// The password of a login: the variable CITYBEACON_PASSWORD, else asked for.
  static func password(of login: String) throws -> String {
    if let given = ProcessInfo.processInfo.environment["CITYBEACON_PASSWORD"], !given.isEmpty {
      return given
    }
    return try read("Password of \(login)")
  }

  /// A line of standard input; at a terminal, asked for and not echoed.
  /// - Throws: ``Problem`` `invalid` when there is none.
  static func read(_ what: String) throws -> String {
    let isTerminal = isatty(STDIN_FILENO) == 1
    var before = termios()
    if isTerminal {
      FileHandle.standardError.write(Data("\(what): ".utf8))
      tcgetattr(STDIN_FILENO, &before)
      var silent = before
      silent.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(STDIN_FILENO, TCSANOW, &silent)
    }
    defer {
      if isTerminal {
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
        FileHandle.standardError.write(Data("\n".utf8))
      }
    }
    guard let line = readLine(), !line.isEmpty else {
      throw Problem(.invalid, "\(what) is expected on standard input")
    }
    return line
  }
}
