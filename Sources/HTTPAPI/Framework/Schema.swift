import CityJSON

/// A JSON Schema (2020-12) of the part of it that we use. Written beside the routes; the tests hold
/// real answers against it.
struct Schema: Sendable {
  private(set) var json: JSONObject

  private init(_ json: JSONObject) { self.json = json }

  private func with(_ key: String, _ value: JSONValue?) -> Schema {
    var copy = self
    if let value { copy.json[key] = value }
    return copy
  }

  /// The same, or null.
  func orNull() -> Schema {
    var copy = self
    if let type = json["type"] { copy.json["type"] = .array([type, "null"]) }
    if case .array(let values)? = json["enum"] { copy.json["enum"] = .array(values + [.null]) }
    return copy
  }

  /// What the values of this mean.
  func described(_ text: String) -> Schema { with("description", .string(text)) }

  static func string(
    _ format: String? = nil, pattern: String? = nil, length: ClosedRange<Int>? = nil
  ) -> Schema {
    Schema(["type": "string"])
      .with("format", format.map(JSONValue.string))
      .with("pattern", pattern.map(JSONValue.string))
      .with("minLength", length.map { .int(Int64($0.lowerBound)) })
      .with("maxLength", length.map { .int(Int64($0.upperBound)) })
  }

  static func integer(_ range: ClosedRange<Int>? = nil) -> Schema {
    Schema(["type": "integer"])
      .with("minimum", range.map { .int(Int64($0.lowerBound)) })
      .with("maximum", range.map { .int(Int64($0.upperBound)) })
  }

  static let number = Schema(["type": "number"])
  static let boolean = Schema(["type": "boolean"])
  /// Any object.
  static let object = Schema(["type": "object"])
  static let anything = Schema([:])
  /// RFC 3339 in UTC.
  static let time = string("date-time")

  static func oneOf(_ values: [String]) -> Schema {
    Schema(["type": "string", "enum": .array(values.map(JSONValue.string))])
  }

  static func oneOf<Value: CaseIterable & RawRepresentable>(
    _ type: Value.Type
  ) -> Schema where Value.RawValue == String {
    oneOf(type.allCases.map(\.rawValue))
  }

  static func array(_ element: Schema, count: ClosedRange<Int>? = nil) -> Schema {
    Schema(["type": "array", "items": .object(element.json)])
      .with("minItems", count.map { .int(Int64($0.lowerBound)) })
      .with("maxItems", count.map { .int(Int64($0.upperBound)) })
  }

  /// A schema of the document's components.
  static func named(_ name: String) -> Schema {
    Schema(["$ref": .string("#/components/schemas/\(name)")])
  }

  /// An object with these members; those whose name ends in `?` may be left out.
  static func object(_ members: KeyValuePairs<String, Schema>) -> Schema {
    var properties = JSONObject()
    var required: [JSONValue] = []
    for (name, schema) in members {
      let isOptional = name.hasSuffix("?")
      let key = isOptional ? String(name.dropLast()) : name
      properties[key] = .object(schema.json)
      if !isOptional { required.append(.string(key)) }
    }
    return Schema(["type": "object"]).with("properties", .object(properties))
      .with("required", required.isEmpty ? nil : .array(required))
  }
}

// MARK: - What occurs everywhere

extension Schema {
  static func thing(_ kinds: String...) -> Schema {
    let prefix = kinds.count == 1 ? kinds[0] : "(" + kinds.joined(separator: "|") + ")"
    return string(pattern: "^\(prefix)_[a-z0-9_-]{1,60}$")
  }
  /// `NameRule`.
  static let name = string(pattern: "^[a-z0-9][a-z0-9_-]{0,63}$")
  static let adminCode = string(pattern: "^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$")
  static let grade = oneOf(["blue", "yellow", "orange", "red"])
  static let label = object(["zh": string(), "en": string()])
  static let reason = string(length: 1...16_000)
  static let coordinate = object(["longitude": number, "latitude": number])
  static let place = object([
    "longitude": number, "latitude": number,
    "datum": oneOf(["WGS84", "CGCS2000", "GCJ-02", "BD-09"]),
  ])
  static let sha256 = string(pattern: "^[0-9a-f]{64}$")
  static let version = integer(1...Int(Int32.max)).described(
    "What the asker saw; the request is refused when the thing has changed since.")
}
