import CityCore
import FoundationEssentials

/// A mail as bytes: RFC 5322 with MIME, plain text, UTF-8.
enum MailComposer {
  /// - Throws: A failure that stays when the title cannot be a header.
  static func bytes(
    _ message: OutboundMessage, endpoint: String, from: MailAddress, to recipients: [MailAddress],
    now: UTCTime
  ) throws(DeliveryFailure) -> [UInt8] {
    do {
      try MailHeader.check(message.title, "title")
      try MailHeader.check(message.id, "id")
    } catch {
      throw DeliveryFailure(.refusedHere, "the title or id of the message cannot be a header")
    }
    let body = lines(of: message.text)
    let isPlain = body.allSatisfy { line in
      line.utf8.count <= 78 && line.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
    }
    var lines = [
      "Date: \(MailHeader.date(now))",
      "From: \(MailHeader.mailbox(from))",
      "To: \(recipients.map(MailHeader.mailbox).joined(separator: ",\r\n "))",
      "Subject: \(MailHeader.encoded(message.title))",
      "Message-ID: <\(token(message.id)).\(token(endpoint))@\(from.domain)>",
      "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: \(isPlain ? "7bit" : "base64")",
      "",
    ]
    if isPlain {
      lines += body
    } else {
      let text = body.joined(separator: "\r\n")
      lines += wrapped(Data(text.utf8).base64EncodedString())
    }
    return Array(lines.joined(separator: "\r\n").utf8)
  }

  /// The same for every repetition of one delivery, so that mailboxes recognise it.
  private static func token(_ text: String) -> String {
    String(
      decoding: text.utf8.map { byte in
        let isSafe =
          (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        return isSafe ? byte : 0x2D
      }, as: UTF8.self)
  }

  /// By bytes, because CR LF is one character to Swift.
  private static func lines(of text: String) -> [String] {
    text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
  }

  private static func wrapped(_ base64: String) -> [String] {
    var lines: [String] = []
    var rest = Substring(base64)
    while !rest.isEmpty {
      lines.append(String(rest.prefix(76)))
      rest = rest.dropFirst(76)
    }
    return lines
  }

  /// What goes between DATA and its end: lines that begin with a full stop get another one, and the
  /// end follows (RFC 5321 section 4.5.2). Bare line feeds and carriage returns become line ends, so
  /// that no server sees another end than we mean.
  static func stuffed(_ mail: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(mail.count + 64)
    var atStart = true
    var index = 0
    while index < mail.count {
      let byte = mail[index]
      if byte == 0x0D || byte == 0x0A {
        if byte == 0x0D, index + 1 < mail.count, mail[index + 1] == 0x0A { index += 1 }
        out += [0x0D, 0x0A]
        atStart = true
      } else {
        if atStart, byte == 0x2E { out.append(0x2E) }
        out.append(byte)
        atStart = false
      }
      index += 1
    }
    if !atStart { out += [0x0D, 0x0A] }
    out += [0x2E, 0x0D, 0x0A]
    return out
  }
}
