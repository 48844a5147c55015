public import CityCore

/// The text of a warning: a template with names in braces.
public enum MessageTemplate {
  /// What may stand in braces.
  public static let names = ["device", "property", "value", "unit", "grade", "rule"]

  /// What the names stand for.
  public struct Values: Sendable {
    public var device: Label
    public var property: String
    /// Nil when nothing was measured: the rule looks for silence.
    public var value: Double?
    public var unit: String
    public var grade: Grade
    public var rule: Label
    public init(
      device: Label, property: String, value: Double?, unit: String, grade: Grade, rule: Label
    ) {
      self.device = device
      self.property = property
      self.value = value
      self.unit = unit
      self.grade = grade
      self.rule = rule
    }
  }

  /// The text in both languages. Names that are not known stay as they are.
  public static func fill(_ template: Label, _ values: Values) -> Label {
    let number = values.value.map(text) ?? "-"
    // The bare number of the table means "no unit"; people write nothing.
    let unit = values.unit == "1" ? "" : values.unit
    func fill(_ template: String, _ isChinese: Bool) -> String {
      replace(template) { name in
        switch name {
        case "device": isChinese ? values.device.zh : values.device.en
        case "property": values.property
        case "value": number
        case "unit": unit
        case "grade": isChinese ? values.grade.chinese : values.grade.rawValue
        case "rule": isChinese ? values.rule.zh : values.rule.en
        default: nil
        }
      }
    }
    return Label(zh: fill(template.zh, true), en: fill(template.en, false))
  }

  /// Names in braces that ``names`` does not have.
  public static func unknownNames(in template: String) -> [String] {
    var unknown: [String] = []
    _ = replace(template) { name in
      if !names.contains(name) { unknown.append(name) }
      return nil
    }
    return unknown
  }

  /// At most three decimals, no exponent where people would not write one.
  public static func text(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
    let thousandths = Int64((value * 1000).rounded())
    let whole = thousandths.magnitude / 1000
    var digits = String(thousandths.magnitude % 1000)
    digits = String(repeating: "0", count: 3 - digits.utf8.count) + digits
    while digits.last == "0" { digits.removeLast() }
    let sign = thousandths < 0 ? "-" : ""
    return digits.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(digits)"
  }

  private static func replace(_ template: String, _ value: (String) -> String?) -> String {
    var out = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{") {
      out += rest[..<open]
      let inner = rest[rest.index(after: open)...]
      guard let close = inner.firstIndex(of: "}") else {
        rest = rest[open...]
        return out + rest
      }
      let name = String(inner[..<close])
      out += value(name) ?? "{\(name)}"
      rest = inner[inner.index(after: close)...]
    }
    return out + rest
  }
}

extension Grade {
  /// As people in China say it.
  var chinese: String {
    switch self {
    case .blue: "蓝色"
    case .yellow: "黄色"
    case .orange: "橙色"
    case .red: "红色"
    }
  }
}
