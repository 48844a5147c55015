import CityJSON

/// Holds values against the schemas of our own document: the part of JSON Schema that it uses.
struct SchemaCheck {
  let document: JSONValue

  /// What does not fit, each with its place.
  func faults(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String] {
    if let reference = schema["$ref"]?.stringValue {
      guard let target = document[pointer: String(reference.dropFirst())] else {
        return ["\(place): \(reference) does not exist"]
      }
      return faults(value, target, at: place)
    }
    var out: [String] = []
    if let type = schema["type"]?.stringValue, !fits(value, type) {
      return ["\(place): \(value) is no \(type)"]
    }
    if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
      out.append("\(place): \(value) is none of the enumeration")
    }
    if let pattern = schema["pattern"]?.stringValue, let text = value.stringValue,
      let regex = try? Regex(pattern), text.firstMatch(of: regex) == nil
    {
      out.append("\(place): \(text) does not match \(pattern)")
    }
    for name in schema["required"]?.arrayValue ?? [] {
      if let name = name.stringValue, value[name] == nil { out.append("\(place)/\(name): missing") }
    }
    if let members = value.objectValue, let known = schema["properties"]?.objectValue {
      for (name, member) in members {
        guard let inner = known[name] else {
          out.append("\(place)/\(name): not in the document")
          continue
        }
        out += faults(member, inner, at: "\(place)/\(name)")
      }
    }
    if let items = schema["items"] {
      for (index, element) in (value.arrayValue ?? []).enumerated() {
        out += faults(element, items, at: "\(place)/\(index)")
      }
    }
    return out
  }

  private func fits(_ value: JSONValue, _ type: String) -> Bool {
    switch type {
    case "string": value.stringValue != nil
    case "integer": value.intValue != nil
    case "number": value.doubleValue != nil
    case "boolean": value.boolValue != nil
    case "array": value.arrayValue != nil
    case "object": value.objectValue != nil
    default: false
    }
  }

  /// The schema of the answer of an operation.
  func answer(_ method: String, _ path: String, _ status: Int) -> JSONValue? {
    let content = document["paths"]?[path]?[method.lowercased()]?["responses"]?["\(status)"]?[
      "content"]
    return content?["application/json"]?["schema"]
  }
}
