import Access
import CityCore
import Hummingbird
import Web

extension Desk {
  /// A problem as a page; a visitor without a session is sent to the login and comes back.
  var problemRenderer: ProblemRenderer {
    { [self] problem, request, context in
      // Scripts and streams read the problem itself.
      guard context.path != "/events", context.path != "/session",
        !context.path.hasPrefix("/assets"), !context.path.hasPrefix("/api")
      else { return nil }
      guard let words = try? words(request, context) else { return nil }
      let shell = shell(request, context, words: words)
      if problem.code == .unauthenticated, context.path != "/login" {
        return .redirect(to: "/login?next=\(Self.encoded(shell.path))")
      }
      if context.identity?.principal.passwordChangeDue == true, problem.code == .forbidden {
        return .redirect(to: "/password")
      }
      let page = ProblemPage(
        problem, backHref: shell.path, request: context.id.description, words: words)
      return html(
        page, shell: shell, words: words,
        status: HTTPResponse.Status(code: problem.code.status))
    }
  }

  /// A path as the value of a query.
  static func encoded(_ path: String) -> String {
    path.utf8.map { byte -> String in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x2F, 0x7E:
        String(UnicodeScalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}

extension ProblemPage {
  /// For above a form that is shown again.
  static func inOneLine(_ problem: Problem) -> String {
    let faults = problem.faults.map { "\($0.at): \($0.reason)" }
    return ([problem.detail] + faults).joined(separator: " · ")
  }

  init(_ problem: Problem, backHref: String, request: String, words: Words) {
    let known = words.table.texts["problem.\(problem.code.name)"]
    self.init(
      explanation: known ?? words["problem.other"],
      detail: problem.code == .internalFault ? nil : problem.detail,
      hasFaults: !problem.faults.isEmpty,
      faults: problem.faults.prefix(20).map { Fault(at: $0.at, reason: $0.reason) },
      backHref: backHref, request: request, code: problem.code.name)
  }
}
