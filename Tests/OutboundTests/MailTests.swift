import CityCore
import CityJSON
import Foundation
import HelperKit
import Testing

@testable import Outbound

@Suite(.serialized, .timeLimit(.minutes(1))) struct Mail {
  private func settings(
    _ port: Int, _ security: SMTPSettings.Security, user: String? = nil, password: String? = nil
  ) throws -> SMTPSettings {
    try SMTPSettings(
      host: "127.0.0.1", port: port, security: security, username: user, password: password,
      sender: try MailAddress("citybeacon@city.example", name: "城市指挥中心"))
  }

  private func target(_ addresses: String...) throws -> OutboundTarget {
    .mail(try MailTarget(recipients: try addresses.map { try MailAddress($0) }))
  }

  private func service(_ server: Helper, _ smtp: SMTPSettings, trusted: Bool = true) throws
    -> OutboundService
  {
    try makeService(
      ["127.0.0.1:\(server.port)"], smtp: smtp, trusting: trusted ? helperRoots() : nil)
  }

  private func failure(_ body: () async throws -> Void) async -> DeliveryFailure? {
    await #expect(throws: DeliveryFailure.self) { try await body() }
  }

  /// The headers, unfolded, and the decoded body of a mail.
  private func read(_ mail: String) throws -> (headers: [String: String], body: String) {
    let parts = mail.components(separatedBy: "\r\n\r\n")
    let unfolded = parts[0].replacingOccurrences(of: "\r\n ", with: " ")
    var headers: [String: String] = [:]
    for line in unfolded.components(separatedBy: "\r\n") {
      let cut = try #require(line.firstIndex(of: ":"))
      headers[String(line[..<cut])] = String(line[line.index(cut, offsetBy: 2)...])
    }
    let body = parts.dropFirst().joined(separator: "\r\n\r\n")
    guard headers["Content-Transfer-Encoding"] == "base64" else { return (headers, body) }
    let data = try #require(Data(base64Encoded: body, options: .ignoreUnknownCharacters))
    return (headers, String(decoding: data, as: UTF8.self))
  }

  private func decoded(_ header: String) -> String {
    var bytes: [UInt8] = []
    for word in header.split(separator: " ") where word.hasPrefix("=?UTF-8?B?") {
      bytes += Data(base64Encoded: String(word.dropFirst(10).dropLast(2))) ?? Data()
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: - Against a real server

  @Test func `mail reaches a real server over STARTTLS, with its Chinese title and text`()
    async throws
  {
    let server = try await Helper.mailServer("starttls")
    let service = try service(server, try settings(server.port, .startTLS))
    try await service.deliver(
      delivery(try target("duty@city.example", "chief@city.example")), now: noon)
    let received = try await server.next()
    #expect(received["tls"]?.boolValue == true)
    #expect(received["from"]?.stringValue == "citybeacon@city.example")
    let to = received["to"]?.arrayValue?.compactMap(\.stringValue)
    #expect(to == ["duty@city.example", "chief@city.example"])
    let mail = try read(try #require(received["mail"]?.stringValue))
    #expect(decoded(mail.headers["Subject"] ?? "") == "Order unacknowledged 命令未确认")
    #expect(decoded(mail.headers["From"] ?? "") == "城市指挥中心")
    #expect(mail.headers["Message-ID"] == "<ord_1-out.duty-room@city.example>")
    #expect(mail.headers["Date"] == "Tue, 21 Jul 2026 12:00:00 +0000")
    #expect(mail.body == "The order was not acknowledged.\r\n.\r\n..two dots\r\n请立即处理。")
    server.stop()
  }

  @Test func `lines of one full stop arrive as they were`() async throws {
    let server = try await Helper.mailServer("starttls")
    let service = try service(server, try settings(server.port, .startTLS))
    let plain = message(title: "plain", text: "one\n.\n..\n.RSET\r\nlast")
    try await service.deliver(delivery(try target("duty@city.example"), plain), now: noon)
    let mail = try read(try #require(try await server.next()["mail"]?.stringValue))
    #expect(mail.headers["Content-Transfer-Encoding"] == "7bit")
    #expect(mail.body == "one\r\n.\r\n..\r\n.RSET\r\nlast\r\n")
    server.stop()
  }

  @Test(arguments: ["login", "plainauth", "tls"])
  func `credentials are given in each way that servers ask for them`(mode: String) async throws {
    let server = try await Helper.mailServer(mode)
    let security: SMTPSettings.Security = mode == "tls" ? .tls : .startTLS
    let good = try settings(server.port, security, user: "alarm", password: "geheim 密码")
    try await service(server, good).deliver(delivery(try target("duty@city.example")), now: noon)
    let received = try await server.next()
    #expect(received["user"]?.stringValue == "alarm")
    #expect(received["tls"]?.boolValue == true)
    let wrong = try settings(server.port, security, user: "alarm", password: "wrong")
    let refused = await failure {
      try await service(server, wrong).deliver(delivery(try target("duty@city.example")), now: noon)
    }
    #expect(refused?.kind == .passing && refused?.reason.contains("535") == true)
    server.stop()
  }

  @Test func `a certificate that nobody vouches for is refused`() async throws {
    let server = try await Helper.mailServer("starttls")
    let service = try service(server, try settings(server.port, .startTLS), trusted: false)
    let refused = await failure {
      try await service.deliver(delivery(try target("duty@city.example")), now: noon)
    }
    #expect(refused?.kind == .passing && refused?.reason.contains("TLS") == true)
    server.stop()
  }

  @Test func `a server without STARTTLS gets nothing in plain`() async throws {
    let server = try await Helper.mailServer("plain")
    let service = try service(server, try settings(server.port, .startTLS))
    let refused = await failure {
      try await service.deliver(delivery(try target("duty@city.example")), now: noon)
    }
    #expect(refused?.reason.contains("STARTTLS") == true)
    // Loopback may be spoken to in plain when the settings say so.
    let open = try self.service(server, try settings(server.port, .none))
    try await open.deliver(delivery(try target("duty@city.example")), now: noon)
    #expect(try await server.next()["tls"]?.boolValue == false)
    server.stop()
  }

  @Test func `refusals of recipients and of the mail are told apart`() async throws {
    let server = try await Helper.mailServer("starttls")
    let service = try service(server, try settings(server.port, .startTLS))
    try await service.deliver(
      delivery(try target("nobody@city.example", "duty@city.example")), now: noon)
    #expect(try await server.next()["to"]?.arrayValue?.count == 1)
    let none = await failure {
      try await service.deliver(delivery(try target("nobody@city.example")), now: noon)
    }
    #expect(none?.kind == .unwanted)
    let later = await failure {
      try await service.deliver(
        delivery(try target("duty@city.example", "later@city.example")), now: noon)
    }
    #expect(later?.kind == .passing)
    server.stop()
    let strict = try await Helper.mailServer("refuse")
    let unwanted = await failure {
      try await self.service(strict, try settings(strict.port, .startTLS)).deliver(
        delivery(try target("duty@city.example")), now: noon)
    }
    #expect(unwanted?.kind == .unwanted)
    strict.stop()
  }

  @Test func `mail goes to listed servers only, and never in plain over the net`() async throws {
    let smtp = try settings(25, .startTLS)
    let unlisted = try makeService([], smtp: smtp)
    let first = await failure {
      try await unlisted.deliver(delivery(try target("duty@city.example")), now: noon)
    }
    #expect(first?.kind == .refusedHere)
    let open = try SMTPSettings(
      host: "mail.test", port: 25, security: .none, sender: try MailAddress("a@b.example"))
    let plain = try makeService(["mail.test"], smtp: open, names: ["mail.test": ["8.8.8.8"]])
    let second = await failure {
      try await plain.deliver(delivery(try target("duty@city.example")), now: noon)
    }
    #expect(second?.kind == .refusedHere)
    let without = try makeService([])
    let third = await failure {
      try await without.deliver(delivery(try target("duty@city.example")), now: noon)
    }
    #expect(third?.kind == .refusedHere)
  }

  // MARK: - Without one

  @Test(
    arguments: [
      "", "a", "@b.c", "a@", "a@b@c", "a b@c.d", "a@b c", "a\r\n@b.c", "a@b.c\r\nBCC: x@y.z",
      "<a@b.c>",
      "a@b.c>", "a..b@c.d", ".a@b.c", "名@b.c", "a@-b.c", "a@b..c", "\"a b\"@c.d", "a@[1.2.3.4]",
    ])
  func `an address that could be something else is refused`(text: String) {
    #expect(throws: Problem.self) { _ = try MailAddress(text) }
  }

  @Test(arguments: [
    "x\r\nBCC: evil@example.org", "x\ny", "x\ry", "x\u{0}y", "x\u{2028}y", "x\u{85}y",
  ])
  func `a header with a line end in it is refused`(text: String) async throws {
    #expect(throws: Problem.self) { _ = try MailAddress("a@b.example", name: text) }
    let sender = try MailAddress("a@b.example")
    let refused = #expect(throws: DeliveryFailure.self) {
      _ = try MailComposer.bytes(
        message(title: text), endpoint: "e", from: sender, to: [sender], now: noon)
    }
    #expect(refused?.kind == .refusedHere)
  }

  @Test func `every title reads back, and no line of it is too long`() {
    var random = SeededRandom(seed: 5)
    let alphabet = Array("abc 台风橙色预警é👨‍👩‍👧‍👦🇨🇳=?_\"")
    for _ in 0..<300 {
      let title = String(
        (0..<random.below(120)).map { _ in alphabet[random.below(alphabet.count)] })
      let header = MailHeader.encoded(title)
      let lines = header.components(separatedBy: "\r\n ")
      #expect(
        lines.allSatisfy {
          $0.utf8.count <= 75 && $0.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        })
      let back = header.hasPrefix("=?UTF-8?B?") ? decoded(lines.joined(separator: " ")) : header
      #expect(back == title)
    }
  }

  @Test func `names cannot add addressees`() throws {
    let sly = try MailAddress("a@b.example", name: "x <evil@example.org>, y")
    let header = MailHeader.mailbox(sly)
    #expect(!header.contains("evil@") && !header.contains(","))
    #expect(header.hasSuffix("<a@b.example>"))
    #expect(
      MailHeader.mailbox(try MailAddress("a@b.example", name: "Duty Room"))
        == "Duty Room <a@b.example>")
  }

  @Test func `stuffing leaves exactly one end`() {
    var random = SeededRandom(seed: 6)
    let parts = [".", "..", "\r\n", "\n", "\r", "a", "\r\n.\r\n", "MAIL FROM:<x>"]
    for _ in 0..<300 {
      let text = (0..<random.below(12)).map { _ in parts[random.below(parts.count)] }.joined()
      let wire = String(decoding: MailComposer.stuffed(Array(text.utf8)), as: UTF8.self)
      #expect(wire.unicodeScalars.reversed().starts(with: ".\r\n".unicodeScalars.reversed()))
      let lines = wire.components(separatedBy: "\r\n")
      #expect(lines.filter { $0 == "." }.count == 1)
      #expect(!lines.contains { $0.contains("\r") || $0.contains("\n") })
    }
  }

  @Test func `dates are those of RFC 5322`() {
    #expect(MailHeader.date(UTCTime(seconds: 0)) == "Thu, 1 Jan 1970 00:00:00 +0000")
    #expect(MailHeader.date(UTCTime(seconds: 951_782_399)) == "Mon, 28 Feb 2000 23:59:59 +0000")
    #expect(MailHeader.date(UTCTime(seconds: -1)) == "Wed, 31 Dec 1969 23:59:59 +0000")
  }

  @Test func `replies come together from pieces, and what is no reply ends it`() throws {
    var reader = SMTPReplyReader()
    for byte in Array("250-one\r\n250-two\n250 three\r\n354 go\r\n".utf8) { reader.append([byte]) }
    #expect(try reader.next() == SMTPReply(code: 250, lines: ["one", "two", "three"]))
    #expect(try reader.next() == SMTPReply(code: 354, lines: ["go"]))
    #expect(try reader.next() == nil)
    for wrong in [
      "HTTP/1.1 400\r\n", "25\r\n", "250_x\r\n", "250-a\r\n251 b\r\n", "999 x\r\n", "\r\n",
    ] {
      var reader = SMTPReplyReader()
      reader.append(Array(wrong.utf8))
      #expect(throws: DeliveryFailure.self, "\(wrong)") { while try reader.next() != nil {} }
    }
    var endless = SMTPReplyReader()
    endless.append([UInt8](repeating: 0x32, count: 3_000))
    #expect(throws: DeliveryFailure.self) { _ = try endless.next() }
    var many = SMTPReplyReader()
    for _ in 0..<100 { many.append(Array("250-x\r\n".utf8)) }
    #expect(throws: DeliveryFailure.self) { _ = try many.next() }
  }

  @Test func `a conversation never says the password before TLS`() throws {
    var session = SMTPSession(
      settings: try settings(25, .startTLS, user: "alarm", password: "geheim"),
      recipients: [try MailAddress("a@b.example")], mail: [])
    func reply(_ code: Int, _ lines: String...) throws -> [SMTPSession.Action] {
      try session.handle(SMTPReply(code: code, lines: lines))
    }
    let line = { (text: String) in SMTPSession.Action.send(Array("\(text)\r\n".utf8)) }
    #expect(try reply(220, "mail") == [line("EHLO citybeacon.invalid")])
    #expect(try reply(250, "mail", "AUTH PLAIN", "STARTTLS") == [line("STARTTLS")])
    #expect(try reply(220, "go") == [.startTLS])
    #expect(session.encrypted() == [line("EHLO citybeacon.invalid")])
    let auth = Data("\0alarm\0geheim".utf8).base64EncodedString()
    #expect(try reply(250, "mail", "AUTH LOGIN PLAIN") == [line("AUTH PLAIN \(auth)")])
    #expect(try reply(235, "ok") == [line("MAIL FROM:<citybeacon@city.example>")])
    #expect(try reply(250, "ok") == [line("RCPT TO:<a@b.example>")])
    #expect(try reply(250, "ok") == [line("DATA")])
    #expect(try reply(354, "go") == [.send(Array(".\r\n".utf8))])
    #expect(try reply(250, "taken") == [.accepted, line("QUIT")])
    #expect(try reply(221, "bye") == [.close])
  }
}
