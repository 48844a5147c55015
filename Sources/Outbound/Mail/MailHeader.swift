import CityCore
import FoundationEssentials

/// Header fields of mail.
enum MailHeader {
  /// What would end a header line, or is invisible, is refused rather than cleaned: somebody is
  /// trying something.
  /// - Throws: `invalid`.
  static func check(_ text: String, _ field: String) throws(Problem) {
    guard text.utf8.count <= 998, text.unicodeScalars.allSatisfy({ isPrintable($0) }) else {
      throw Problem(
        .invalid, "the \(field) of a mail is not acceptable",
        faults: [.init(at: "/\(field)", reason: "must be one line without control characters")])
    }
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
    default: true
    }
  }

  /// Text as it stands in a header: as it is when it is plain ASCII, in encoded words of UTF-8
  /// (RFC 2047, `B`) of at most 75 bytes, on lines of their own, otherwise.
  static func encoded(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
    guard !isPlain || text.utf8.count > 60 else { return text }
    // 45 bytes become 60 characters of base 64; with `=?UTF-8?B?` and `?=` that is 72.
    var words: [String] = []
    var word: [UInt8] = []
    for character in text {
      let bytes = Array(character.utf8)
      // One character can be longer than a word (flags, families); then it is cut between scalars.
      let pieces =
        bytes.count <= 45 ? [bytes] : character.unicodeScalars.map { Array(String($0).utf8) }
      for piece in pieces {
        if word.count + piece.count > 45 {
          words.append(Data(word).base64EncodedString())
          word = []
        }
        word += piece
      }
    }
    if !word.isEmpty { words.append(Data(word).base64EncodedString()) }
    return words.map { "=?UTF-8?B?\($0)?=" }.joined(separator: "\r\n ")
  }

  /// `Name <local@domain>`
  static func mailbox(_ address: MailAddress) -> String {
    guard let name = address.name, !name.isEmpty else { return "<\(address.address)>" }
    let isWord = name.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
        || byte == 0x20 || byte == 0x2D
    }
    if isWord, name.utf8.count <= 60 { return "\(name) <\(address.address)>" }
    // A comma or quote in a plain phrase would change who is addressed; in an encoded word it cannot.
    let encoded =
      name.utf8.allSatisfy { $0 < 0x80 } && name.utf8.count <= 45
      ? "=?UTF-8?B?\(Data(name.utf8).base64EncodedString())?=" : Self.encoded(name)
    return "\(encoded)\r\n <\(address.address)>"
  }

  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// RFC 5322 section 3.3, in UTC.
  static func date(_ time: UTCTime) -> String {
    let seconds = time.seconds
    let day = Int64((Double(seconds) / 86_400).rounded(.down))
    let second = seconds - day * 86_400
    let date = UTCTime.civil(fromDay: day)
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let weekday = days[Int(((day % 7) + 7) % 7)]
    return "\(weekday), \(date.day) \(months[Int(date.month) - 1]) \(date.year) "
      + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60)) +0000"
  }
}
