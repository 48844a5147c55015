/// Turns the address of a client into the key that its attempts are counted by.
enum NetworkAddress {
  /// IPv4 whole; IPv6 by its first 64 bits, because one customer holds at least that many; IPv6
  /// that carries IPv4 (`::ffff:192.0.2.1`) as that IPv4. Anything unreadable counts as itself.
  static func key(_ text: String) -> String {
    guard text.utf8.contains(0x3A) else { return String(text.prefix(64)) }
    let bare = text.prefix { $0 != "%" }
    guard let groups = groups(bare) else { return String(text.prefix(64)) }
    if groups[0..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF {
      return "\(groups[6] >> 8).\(groups[6] & 255).\(groups[7] >> 8).\(groups[7] & 255)"
    }
    return groups[0..<4].map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
  }

  /// The eight groups of an IPv6 address (RFC 4291, 2.2).
  private static func groups(_ text: Substring) -> [UInt16]? {
    var fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (3...9).contains(fields.count) else { return nil }
    if let last = fields.last, last.utf8.contains(0x2E) {
      let parts = last.split(separator: ".", omittingEmptySubsequences: false)
      let bytes = parts.compactMap { UInt8($0) }
      guard parts.count == 4, bytes.count == 4 else { return nil }
      fields.removeLast()
      fields.append(String(UInt16(bytes[0]) << 8 | UInt16(bytes[1]), radix: 16))
      fields.append(String(UInt16(bytes[2]) << 8 | UInt16(bytes[3]), radix: 16))
    }
    // A leading or trailing `::` leaves two empty fields; one of them stands for the gap.
    if fields.first?.isEmpty == true { fields.removeFirst() }
    if fields.last?.isEmpty == true { fields.removeLast() }
    let gaps = fields.indices.filter { fields[$0].isEmpty }
    guard gaps.count <= 1 else { return nil }
    if let gap = gaps.first {
      let missing = 8 - (fields.count - 1)
      guard missing >= 1 else { return nil }
      fields.replaceSubrange(gap...gap, with: [String](repeating: "0", count: missing))
    }
    guard fields.count == 8 else { return nil }
    let values = fields.compactMap { $0.utf8.count <= 4 ? UInt16($0, radix: 16) : nil }
    return values.count == 8 ? values : nil
  }
}
