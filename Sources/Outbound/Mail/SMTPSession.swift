import CityCore
import FoundationEssentials

/// One answer of a mail server: a code and its lines (RFC 5321 section 4.2).
struct SMTPReply: Hashable, Sendable {
  let code: Int
  let lines: [String]
}

/// Puts replies together from lines, within limits. No I/O.
struct SMTPReplyReader {
  private static let longestLine = 2_048
  private static let mostLines = 64

  private var pending: [UInt8] = []
  private var lines: [String] = []
  private var code: Int?

  /// Bytes that came and make no reply yet. None may be left when TLS begins: they came in plain.
  var isEmpty: Bool { pending.isEmpty && lines.isEmpty }

  mutating func append(_ bytes: some Sequence<UInt8>) { pending.append(contentsOf: bytes) }

  /// - Throws: A passing failure when this is no SMTP.
  mutating func next() throws(DeliveryFailure) -> SMTPReply? {
    while let end = pending.firstIndex(of: 0x0A) {
      let line = pending[..<end].last == 0x0D ? pending[..<(end - 1)] : pending[..<end]
      let reply = try take(Array(line))
      pending.removeSubrange(...end)
      if let reply { return reply }
    }
    guard pending.count <= Self.longestLine else { throw noSMTP }
    return nil
  }

  private var noSMTP: DeliveryFailure { DeliveryFailure(.passing, "that is no mail server") }

  private mutating func take(_ line: [UInt8]) throws(DeliveryFailure) -> SMTPReply? {
    guard line.count >= 3, line.count <= Self.longestLine, lines.count < Self.mostLines,
      line[..<3].allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(String(decoding: line[..<3], as: UTF8.self)), (200..<600).contains(number),
      code == nil || code == number
    else { throw noSMTP }
    let isLast = line.count == 3 || line[3] == 0x20
    guard isLast || line[3] == 0x2D else { throw noSMTP }
    lines.append(String(decoding: line.dropFirst(4), as: UTF8.self))
    code = number
    guard isLast else { return nil }
    let reply = SMTPReply(code: number, lines: lines)
    lines = []
    code = nil
    return reply
  }
}

/// The conversation with a mail server, from its greeting to our goodbye. No I/O: replies in,
/// commands out.
struct SMTPSession {
  enum Action: Equatable {
    case send([UInt8])
    /// Encrypt from here on, then call ``SMTPSession/encrypted()``.
    case startTLS
    /// The server has taken the mail: it is responsible now.
    case accepted
    case close
  }

  private enum State {
    case greeting, hello, startTLS, securing, authPlain, authLogin, authUser, authPassword
    case sender
    case recipient(Int)
    case data, body, quit, closed
  }

  private let settings: SMTPSettings
  private let recipients: [MailAddress]
  private let mail: [UInt8]
  private var state = State.greeting
  private var isEncrypted: Bool
  /// Who the server did not want, and those it took.
  private(set) var refused: [MailAddress] = []
  private var taken = 0

  init(settings: SMTPSettings, recipients: [MailAddress], mail: [UInt8]) {
    self.settings = settings
    self.recipients = recipients
    self.mail = mail
    isEncrypted = settings.security == .tls
  }

  /// What to do about a reply.
  /// - Throws: The failure of the delivery; then the connection is closed.
  mutating func handle(_ reply: SMTPReply) throws(DeliveryFailure) -> [Action] {
    switch state {
    case .greeting:
      try expect(220, reply, "the greeting")
      return hello()
    case .hello:
      try expect(250, reply, "EHLO")
      return try begin(capabilities: reply.lines.dropFirst().map { $0.uppercased() })
    case .startTLS:
      try expect(220, reply, "STARTTLS")
      state = .securing
      return [.startTLS]
    case .authPlain, .authPassword:
      try expect(235, reply, "the credentials")
      return mailFrom()
    case .authLogin:
      try expect(334, reply, "AUTH LOGIN")
      state = .authUser
      return [line(base64(settings.username ?? ""))]
    case .authUser:
      try expect(334, reply, "the username")
      state = .authPassword
      return [line(base64(settings.password ?? ""))]
    case .sender:
      try expect(250, reply, "the sender", ofMessage: true)
      return recipient(0)
    case .recipient(let index):
      return try answered(recipient: index, reply)
    case .data:
      try expect(354, reply, "DATA", ofMessage: true)
      state = .body
      return [.send(MailComposer.stuffed(mail))]
    case .body:
      try expect(250, reply, "the mail", ofMessage: true)
      state = .quit
      return [.accepted, line("QUIT")]
    case .quit, .securing, .closed:
      state = .closed
      return [.close]
    }
  }

  /// TLS stands: everything begins again, nothing said in plain counts.
  mutating func encrypted() -> [Action] {
    isEncrypted = true
    return hello()
  }

  private mutating func hello() -> [Action] {
    state = .hello
    return [line("EHLO \(settings.name)")]
  }

  private mutating func begin(capabilities: [String]) throws(DeliveryFailure) -> [Action] {
    if settings.security == .startTLS, !isEncrypted {
      guard capabilities.contains("STARTTLS") else {
        throw DeliveryFailure(.passing, "the mail server offers no STARTTLS")
      }
      state = .startTLS
      return [line("STARTTLS")]
    }
    guard let username = settings.username, let password = settings.password else {
      return mailFrom()
    }
    let methods =
      capabilities.first { $0.hasPrefix("AUTH ") || $0.hasPrefix("AUTH=") }?
      .dropFirst(5).split(separator: " ") ?? []
    if methods.contains("PLAIN") {
      state = .authPlain
      return [line("AUTH PLAIN \(base64("\0\(username)\0\(password)"))")]
    }
    guard methods.contains("LOGIN") else {
      throw DeliveryFailure(.passing, "the mail server offers neither AUTH PLAIN nor LOGIN")
    }
    state = .authLogin
    return [line("AUTH LOGIN")]
  }

  private mutating func mailFrom() -> [Action] {
    state = .sender
    return [line("MAIL FROM:<\(settings.sender.address)>")]
  }

  private mutating func recipient(_ index: Int) -> [Action] {
    state = .recipient(index)
    return [line("RCPT TO:<\(recipients[index].address)>")]
  }

  private mutating func answered(
    recipient index: Int, _ reply: SMTPReply
  ) throws(DeliveryFailure) -> [Action] {
    switch reply.code {
    case 250, 251: taken += 1
    case 500..<600: refused.append(recipients[index])
    // A passing refusal of one would mean sending to the others twice: all of it comes later.
    default: throw DeliveryFailure(.passing, "a recipient was answered \(reply.code)")
    }
    if index + 1 < recipients.count { return recipient(index + 1) }
    guard taken > 0 else { throw DeliveryFailure(.unwanted, "no recipient was accepted") }
    state = .data
    return [line("DATA")]
  }

  private mutating func expect(
    _ code: Int, _ reply: SMTPReply, _ what: String, ofMessage: Bool = false
  ) throws(DeliveryFailure) {
    guard reply.code != code else { return }
    state = .closed
    let isUnwanted = ofMessage && (500..<600).contains(reply.code)
    throw DeliveryFailure(
      isUnwanted ? .unwanted : .passing, "the mail server answered \(reply.code) to \(what)")
  }

  private func line(_ text: String) -> Action { .send(Array("\(text)\r\n".utf8)) }
  private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
