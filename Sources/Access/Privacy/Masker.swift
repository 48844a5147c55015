public import CityCore

/// What a personal field holds, which decides what of it may be left to recognise it by.
public enum MaskKind: String, Codable, Sendable, CaseIterable {
  case name, phone, identityNumber, address, email, plate
  /// Anything else: nothing is left.
  case text
}

/// A field as it may be shown.
public struct MaskedValue: Hashable, Sendable, Codable {
  public let text: String
  /// True when something was taken out: the page offers to unmask.
  public let isMasked: Bool
}

/// Masks fields for lists. Personal fields are masked for everybody, whatever their role: who needs
/// one in clear asks for it by ``AccessPolicy/unmask(_:_:reason:now:)``, which is audited. Other
/// classes are left out above the viewer's clearance.
public struct Masker: Hashable, Sendable {
  /// The highest class that the viewer reaches.
  public let clearance: DataClass

  public init(clearance: DataClass) { self.clearance = clearance }

  /// The clearance of a scope over one resource's place and organisation.
  public init(scope: Scope, over resource: Resource) {
    var highest = DataClass.open
    for dataClass in DataClass.allCases where dataClass > highest {
      var probe = resource
      probe.dataClass = dataClass
      if scope.admits(probe) { highest = dataClass }
    }
    clearance = highest
  }

  public func show(_ value: String, as field: MaskKind, dataClass: DataClass) -> MaskedValue {
    switch dataClass {
    case .personal:
      let text = Self.mask(value, as: field)
      return MaskedValue(text: text, isMasked: !value.isEmpty)
    case .restricted where clearance < .restricted, .work where clearance < .work:
      return MaskedValue(text: value.isEmpty ? "" : Self.nothing, isMasked: !value.isEmpty)
    case .open, .work, .restricted:
      return MaskedValue(text: value, isMasked: false)
    }
  }

  // MARK: - What is left of each kind

  private static let nothing = "****"

  /// The masked form. Never contains more than the documented part of the value, whatever the
  /// value is; the number of stars says nothing of the length, but for names.
  public static func mask(_ value: String, as field: MaskKind) -> String {
    guard !value.isEmpty else { return "" }
    switch field {
    case .name: return name(value)
    case .phone: return number(value, first: 3, last: 4, from: 11)
    case .identityNumber: return number(value, first: 3, last: 2, from: 12)
    case .address: return address(value)
    case .email: return email(value)
    case .plate: return value.count >= 6 ? String(value.prefix(2)) + nothing : nothing
    case .text: return nothing
    }
  }

  /// 张三 → 张*, 李小明 → 李**, John Smith → J*** S***.
  private static func name(_ value: String) -> String {
    let words = value.split(whereSeparator: \.isWhitespace)
    guard let first = words.first?.first else { return nothing }
    if first.isASCII {
      return words.prefix(4).map { String($0.prefix(1)) + "***" }.joined(separator: " ")
    }
    // A name of one character is its own first character.
    let rest = words.reduce(0) { $0 + $1.count } - 1
    return rest < 1 ? "*" : String(first) + String(repeating: "*", count: min(rest, 3))
  }

  /// 13812341234 → 138****1234. Those shorter than `length` keep two characters or none.
  private static func number(_ value: String, first: Int, last: Int, from length: Int) -> String {
    let characters = value.filter { !$0.isWhitespace && $0 != "-" }
    if characters.count >= length {
      return characters.prefix(first) + nothing + characters.suffix(last)
    }
    return characters.count >= 6 ? nothing + characters.suffix(2) : nothing
  }

  /// 杭州市西湖区文三路1号 → 杭州市西湖区****: up to the district, or nothing.
  private static func address(_ value: String) -> String {
    let head = value.prefix(12)
    guard let cut = head.lastIndex(where: { "省市区县".contains($0) }) else { return nothing }
    let kept = head[...cut]
    return kept.count < value.count ? kept + nothing : nothing
  }

  /// someone@example.org → s****@example.org.
  private static func email(_ value: String) -> String {
    guard let at = value.lastIndex(of: "@"), value.index(after: at) < value.endIndex,
      value.distance(from: value.startIndex, to: at) > 1
    else { return nothing }
    return String(value.prefix(1)) + nothing + value[at...]
  }
}
