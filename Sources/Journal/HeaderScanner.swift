import CityCore

/// Reads headers that stand exactly as ``CityCore/EventHeader/json`` writes them, in ASCII and
/// without escapes. Of everything else it says nothing: that takes the general way.
struct HeaderScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func header() -> EventHeader? {
    guard take("{\"id\":"), let id = text().flatMap({ EventID($0) }),
      take(",\"kind\":"), let kind = text(),
      take(",\"kindVersion\":"), let kindVersion = number(),
      take(",\"thing\":"), let thing = text().flatMap({ ThingID(rawValue: $0) }),
      take(",\"term\":"), let term = number(), take(",\"version\":"), let version = number(),
      take(",\"time\":"), let time = text().flatMap({ HybridTime($0) }),
      take(",\"actor\":"), let actor = actor()
    else { return nil }
    var cause: EventID?
    if take(",\"cause\":") {
      guard let found = text().flatMap({ EventID($0) }) else { return nil }
      cause = found
    }
    guard take(",\"labels\":"), let labels = labels(), take("}"), at == bytes.count else {
      return nil
    }
    return EventHeader(
      id: id, kind: kind, kindVersion: kindVersion, thing: thing, term: term, version: version,
      time: time, actor: actor, cause: cause, labels: labels)
  }

  private mutating func actor() -> Actor? {
    guard take("{\"kind\":"), let kind = text().flatMap({ Actor.Kind(rawValue: $0) }),
      take(",\"id\":"), let id = text().flatMap({ PrincipalID(rawValue: $0) }),
      take(",\"node\":"), let node = text().flatMap({ NodeID(rawValue: $0) })
    else { return nil }
    var (role, organisation): (String?, PrincipalID?)
    if take(",\"role\":") {
      guard let found = text() else { return nil }
      role = found
    }
    if take(",\"organisation\":") {
      guard let found = text().flatMap({ PrincipalID(rawValue: $0) }) else { return nil }
      organisation = found
    }
    guard take("}") else { return nil }
    return Actor(kind: kind, id: id, node: node, role: role, organisation: organisation)
  }

  private mutating func labels() -> Labels? {
    guard take("{\"jurisdiction\":"), let jurisdiction = text().flatMap({ AdminCode(rawValue: $0) })
    else { return nil }
    var (grade, classCode): (Grade?, String?)
    if take(",\"grade\":") {
      guard let found = text().flatMap({ Grade(rawValue: $0) }) else { return nil }
      grade = found
    }
    if take(",\"classCode\":") {
      guard let found = text() else { return nil }
      classCode = found
    }
    guard take(",\"dataClass\":"), let dataClass = text().flatMap({ DataClass(rawValue: $0) }),
      take(",\"parties\":[")
    else { return nil }
    var parties: [NodeID] = []
    while !take("]") {
      guard parties.isEmpty || take(","), let node = text().flatMap({ NodeID(rawValue: $0) })
      else { return nil }
      parties.append(node)
    }
    guard take("}") else { return nil }
    return Labels(
      jurisdiction: jurisdiction, grade: grade, classCode: classCode, dataClass: dataClass,
      parties: parties)
  }

  /// Goes over `literal` when it stands here.
  private mutating func take(_ literal: StaticString) -> Bool {
    let count = literal.utf8CodeUnitCount
    guard bytes.count - at >= count else { return false }
    for index in 0..<count where bytes[at + index] != literal.utf8Start[index] { return false }
    at += count
    return true
  }

  private mutating func text() -> String? {
    guard at < bytes.count, bytes[at] == 0x22 else { return nil }
    var end = at + 1
    while end < bytes.count, bytes[end] != 0x22 {
      guard (0x20..<0x7F).contains(bytes[end]), bytes[end] != 0x5C else { return nil }
      end += 1
    }
    guard end < bytes.count else { return nil }
    defer { at = end + 1 }
    return String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
  }

  private mutating func number() -> Int? {
    var value = 0
    let start = at
    while at < bytes.count, (0x30...0x39).contains(bytes[at]), at - start < 18 {
      value = value * 10 + Int(bytes[at] - 0x30)
      at += 1
    }
    guard at > start, bytes[start] != 0x30 || at == start + 1 else { return nil }
    return value
  }
}
