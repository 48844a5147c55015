import CityCore

// Written by hand because an unknown key must be a fault: a misspelt condition would otherwise
// silently widen what leaves the node.

extension ReleaseRule: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case effect, neighbours, direction, addressed, kinds, classes, minimumGrade, jurisdiction
    case minimumDataClass, maximumDataClass, why
  }

  /// - Throws: `DecodingError` for a missing or unknown key or a value out of range.
  public init(from decoder: any Decoder) throws {
    try StrictKeys.check(decoder, allowed: CodingKeys.allCases.map(\.rawValue))
    let box = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try box.decode(Effect.self, forKey: .effect),
      to: try box.decode([Selector].self, forKey: .neighbours),
      direction: try box.decodeIfPresent(ReleaseQuestion.Direction.self, forKey: .direction),
      addressed: try box.decodeIfPresent(Bool.self, forKey: .addressed),
      kinds: try box.decodeIfPresent([String].self, forKey: .kinds) ?? [],
      classes: try box.decodeIfPresent([String].self, forKey: .classes) ?? [],
      minimumGrade: try box.decodeIfPresent(Grade.self, forKey: .minimumGrade),
      jurisdiction: try box.decodeIfPresent(Ground.self, forKey: .jurisdiction) ?? .any,
      minimumDataClass: try box.decodeIfPresent(DataClass.self, forKey: .minimumDataClass),
      maximumDataClass: try box.decodeIfPresent(DataClass.self, forKey: .maximumDataClass),
      why: try box.decode(Label.self, forKey: .why))
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: CodingKeys.self)
    try box.encode(effect, forKey: .effect)
    try box.encode(neighbours, forKey: .neighbours)
    try box.encodeIfPresent(direction, forKey: .direction)
    try box.encodeIfPresent(addressed, forKey: .addressed)
    if !kinds.isEmpty { try box.encode(kinds, forKey: .kinds) }
    if !classes.isEmpty { try box.encode(classes, forKey: .classes) }
    try box.encodeIfPresent(minimumGrade, forKey: .minimumGrade)
    if jurisdiction != .any { try box.encode(jurisdiction, forKey: .jurisdiction) }
    try box.encodeIfPresent(minimumDataClass, forKey: .minimumDataClass)
    try box.encodeIfPresent(maximumDataClass, forKey: .maximumDataClass)
    try box.encode(why, forKey: .why)
  }
}

extension ReleaseRule.Selector: Codable {
  public init(from decoder: any Decoder) throws {
    let box = try decoder.singleValueContainer()
    let text = try box.decode(String.self)
    if text == "any" {
      self = .any
    } else if let relation = ReleaseQuestion.Relation(rawValue: text) {
      self = .relation(relation)
    } else if text.hasPrefix("node:"), let node = NodeID(rawValue: String(text.dropFirst(5))) {
      self = .node(node)
    } else {
      throw DecodingError.dataCorruptedError(
        in: box,
        debugDescription: "a neighbour is parent, child, department, neighbour, any or node:ID")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.singleValueContainer()
    try box.encode(text)
  }

  var text: String {
    switch self {
    case .any: "any"
    case .relation(let relation): relation.rawValue
    case .node(let node): "node:\(node)"
    }
  }
}

extension ReleaseRule.Ground: Codable {
  public init(from decoder: any Decoder) throws {
    let box = try decoder.singleValueContainer()
    if let text = try? box.decode(String.self) {
      switch text {
      case "any": self = .any
      case "own": self = .own
      case "neighbour": self = .neighbour
      case "overlapping-neighbour": self = .overlappingNeighbour
      default:
        throw DecodingError.dataCorruptedError(
          in: box,
          debugDescription: "a ground is any, own, neighbour, overlapping-neighbour or codes")
      }
    } else {
      self = .codes(try box.decode([AdminCode].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.singleValueContainer()
    if case .codes(let codes) = self {
      try box.encode(codes)
    } else {
      try box.encode(text)
    }
  }

  var text: String {
    switch self {
    case .any: "any"
    case .own: "own"
    case .neighbour: "neighbour"
    case .overlappingNeighbour: "overlapping-neighbour"
    case .codes(let codes): codes.map(\.rawValue).joined(separator: ", ")
    }
  }
}

/// Refuses keys that nobody reads.
enum StrictKeys {
  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  static func check(_ decoder: any Decoder, allowed: [String]) throws {
    let box = try decoder.container(keyedBy: AnyKey.self)
    let unknown = box.allKeys.map(\.stringValue).filter { !allowed.contains($0) }.sorted()
    guard let first = unknown.first else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: decoder.codingPath + [AnyKey(stringValue: first)],
        debugDescription: "unknown key \(first)"))
  }
}
