public import CityCore
public import CityJSON

/// Reads and writes rules. The form, one object per rule:
///
///     id: road-flooding            name: {zh: 道路积水, en: Road flooding}
///     property: waterLevel         devices: {ids: […], kinds: […], jurisdictions: […]}
///     kind: threshold              direction: above | below
///     kind: rateOfChange           direction: rising | falling | either, window: 10m, per: 1h
///     kind: missing                after: 30m, grade: yellow
///     steps: [{grade: blue, raise: 0.15, clear: 0.10}, …]        for: 2m
///     message: {zh: …, en: …}      incident: {from: orange, class: "0203", level: street}
///     cooldown: 10m                enabled: true
public enum RuleParser {
  /// Rules that one node may have.
  public static let maximum = 2_000

  /// The rules of a source.
  /// - Throws: ``Problem`` `invalid` with every fault found, each as `file:line: path`.
  public static func parse(_ source: RuleSource) throws(Problem) -> [Rule] {
    var faults = RuleFaults(source: source)
    let isWrapped = source.value.objectValue != nil
    let root = RuleNode(value: source.value, pointer: "", path: "")
    let list = isWrapped ? root.member("rules") : root
    if isWrapped { faults.known(root, ["rules"]) }
    var rules: [Rule] = []
    if list.value.arrayValue == nil {
      faults.add(list, "must be a list of rules")
    } else if list.elements.count > maximum {
      faults.add(list, "at most \(maximum) rules")
    } else {
      var seen: Set<String> = []
      for each in list.elements {
        let node = RuleNode(value: each.value, pointer: each.pointer, path: "")
        guard let rule = rule(node, &faults) else { continue }
        if !seen.insert(rule.id).inserted {
          faults.add(node.member("id"), "\(rule.id) comes twice")
        }
        rules.append(rule)
      }
    }
    guard faults.list.isEmpty else {
      throw Problem(.invalid, "the rules are not acceptable", faults: faults.list)
    }
    return rules
  }

  private static let commonKeys = [
    "id", "name", "property", "devices", "kind", "message", "incident", "cooldown", "enabled",
  ]

  private static func rule(_ node: RuleNode, _ faults: inout RuleFaults) -> Rule? {
    guard node.value.objectValue != nil else {
      faults.add(node, "must be an object")
      return nil
    }
    let id = node.member("id")
    if id.value.stringValue.map(NameRule.isValid) != true {
      faults.add(id, "must be 1...64 of a-z, 0-9, - and _, first a letter or digit")
    }
    let name = faults.label(node.member("name"), limit: Limits.title)
    let property = faults.text(node.member("property"), limit: 64)
    let condition = condition(node, &faults)
    let message = faults.label(node.member("message"), limit: Limits.title)
    if let message { check(message, node.member("message"), &faults) }
    let incident = node.has("incident") ? incident(node.member("incident"), &faults) : nil
    var cooldown = Duration64.zero
    if node.has("cooldown") {
      cooldown = faults.duration(node.member("cooldown"), .zero ... .days(30)) ?? .zero
    }
    var isEnabled = true
    if node.has("enabled") {
      if let value = node.value["enabled"]?.boolValue {
        isEnabled = value
      } else {
        faults.add(node.member("enabled"), "must be true or false")
      }
    }
    let devices = selector(node.member("devices"), &faults)
    guard let id = id.value.stringValue, let name, let property, let condition, let message else {
      return nil
    }
    let rule = Rule(
      id: id, name: name, property: property, devices: devices, condition: condition,
      message: message, incident: incident, cooldown: cooldown, isEnabled: isEnabled)
    if let from = incident?.fromGrade, let top = rule.grades.last, from > top {
      faults.add(
        node.member("incident").member("from"), "no step of this rule reaches \(from.rawValue)")
    }
    return rule
  }

  private static func check(_ message: Label, _ node: RuleNode, _ faults: inout RuleFaults) {
    for (key, text) in [("zh", message.zh), ("en", message.en)] {
      for name in MessageTemplate.unknownNames(in: text) {
        let known = MessageTemplate.names.joined(separator: ", ")
        faults.add(node.member(key), "{\(name)} is not known; known are \(known)")
      }
    }
  }

  private static func selector(_ node: RuleNode, _ faults: inout RuleFaults) -> DeviceSelector {
    guard !node.value.isNull else { return DeviceSelector() }
    guard node.value.objectValue != nil else {
      faults.add(node, "must be an object")
      return DeviceSelector()
    }
    faults.known(node, ["ids", "kinds", "jurisdictions"])
    return DeviceSelector(
      ids: faults.texts(node.member("ids"), "a device id", ThingID.init(rawValue:)),
      kinds: faults.texts(node.member("kinds"), "a kind of device") {
        NameRule.isValid($0) ? $0 : nil
      },
      jurisdictions: faults.texts(
        node.member("jurisdictions"), "2, 4, 6, 9 or 12 digits", AdminCode.init(rawValue:)))
  }

  private static func incident(
    _ node: RuleNode, _ faults: inout RuleFaults
  ) -> Rule.IncidentPolicy? {
    guard node.value.objectValue != nil else {
      faults.add(node, "must be an object")
      return nil
    }
    faults.known(node, ["from", "class", "level"])
    let grade = faults.choice(node.member("from"), Grade.self)
    let code = faults.text(node.member("class"), limit: 32)
    let level = node.has("level") ? faults.choice(node.member("level"), Level.self) : nil
    guard let grade, let code else { return nil }
    return Rule.IncidentPolicy(fromGrade: grade, classCode: code, level: level)
  }

  // MARK: - Conditions

  private enum Kind: String, CaseIterable { case threshold, rateOfChange, missing }

  private static func condition(
    _ node: RuleNode, _ faults: inout RuleFaults
  ) -> Rule.Condition? {
    guard let kind = faults.choice(node.member("kind"), Kind.self) else { return nil }
    switch kind {
    case .threshold:
      faults.known(node, commonKeys + ["direction", "steps", "for"])
      let direction = faults.choice(node.member("direction"), Rule.Threshold.Direction.self)
      let steps = steps(node.member("steps"), isAbove: direction != .below, &faults)
      guard let direction, let steps else { return nil }
      return .threshold(
        Rule.Threshold(direction: direction, steps: steps, hold: hold(node, &faults)))
    case .rateOfChange:
      faults.known(node, commonKeys + ["direction", "steps", "for", "window", "per"])
      let direction = faults.choice(node.member("direction"), Rule.RateOfChange.Direction.self)
      let window = faults.duration(node.member("window"), .seconds(1) ... .days(7))
      let per = faults.duration(node.member("per"), .seconds(1) ... .days(30))
      let steps = steps(node.member("steps"), isAbove: true, &faults)
      if let first = steps?.first, first.clear < 0 {
        faults.add(node.member("steps"), "a rate to clear at must not be negative")
      }
      guard let direction, let window, let per, let steps else { return nil }
      return .rateOfChange(
        Rule.RateOfChange(
          direction: direction, window: window, per: per, steps: steps, hold: hold(node, &faults)))
    case .missing:
      faults.known(node, commonKeys + ["after", "grade"])
      let after = faults.duration(node.member("after"), .seconds(1) ... .days(365))
      let grade = faults.choice(node.member("grade"), Grade.self)
      guard let after, let grade else { return nil }
      return .missing(Rule.Missing(after: after, grade: grade))
    }
  }

  private static func hold(_ node: RuleNode, _ faults: inout RuleFaults) -> Duration64 {
    guard node.has("for") else { return .zero }
    return faults.duration(node.member("for"), .zero ... .days(7)) ?? .zero
  }

  private static func steps(
    _ node: RuleNode, isAbove: Bool, _ faults: inout RuleFaults
  ) -> [Rule.Step]? {
    guard (1...4).contains(node.elements.count) else {
      faults.add(node, "must be a list of 1...4 steps")
      return nil
    }
    var read: [(node: RuleNode, step: Rule.Step)] = []
    for each in node.elements {
      guard each.value.objectValue != nil else {
        faults.add(each, "must be {grade, raise, clear}")
        continue
      }
      faults.known(each, ["grade", "raise", "clear"])
      let grade = faults.choice(each.member("grade"), Grade.self)
      let raise = faults.number(each.member("raise"))
      let clear = each.has("clear") ? faults.number(each.member("clear")) : raise
      guard let grade, let raise, let clear else { continue }
      if isAbove ? clear > raise : clear < raise {
        faults.add(
          each.member("clear"), "must not be \(isAbove ? "above" : "below") raise (\(raise))")
      }
      read.append((each, Rule.Step(grade: grade, raise: raise, clear: clear)))
    }
    guard read.count == node.elements.count else { return nil }
    read.sort { $0.step.grade < $1.step.grade }
    for (lower, higher) in zip(read, read.dropFirst()) {
      if lower.step.grade == higher.step.grade {
        faults.add(higher.node.member("grade"), "\(higher.step.grade.rawValue) comes twice")
      }
      let isOrdered =
        isAbove ? higher.step.raise > lower.step.raise : higher.step.raise < lower.step.raise
      if !isOrdered {
        faults.add(
          higher.node.member("raise"),
          "must be \(isAbove ? "above" : "below") that of \(lower.step.grade.rawValue)"
            + " (\(lower.step.raise))")
      }
    }
    return read.map(\.step)
  }
}

// MARK: - Out

extension Rule {
  /// The form that ``RuleParser`` reads.
  public var value: JSONValue {
    var out: JSONValue = [
      "id": .string(id), "name": Self.value(name), "property": .string(property),
    ]
    if devices != DeviceSelector() {
      var selector: JSONValue = [:]
      if !devices.ids.isEmpty { selector["ids"] = Self.value(devices.ids.map(\.rawValue)) }
      if !devices.kinds.isEmpty { selector["kinds"] = Self.value(devices.kinds) }
      if !devices.jurisdictions.isEmpty {
        selector["jurisdictions"] = Self.value(devices.jurisdictions.map(\.rawValue))
      }
      out["devices"] = selector
    }
    switch condition {
    case .threshold(let threshold):
      out["kind"] = "threshold"
      out["direction"] = .string(threshold.direction.rawValue)
      out["steps"] = Self.value(threshold.steps)
      out["for"] = Self.value(threshold.hold)
    case .rateOfChange(let rate):
      out["kind"] = "rateOfChange"
      out["direction"] = .string(rate.direction.rawValue)
      out["window"] = Self.value(rate.window)
      out["per"] = Self.value(rate.per)
      out["steps"] = Self.value(rate.steps)
      out["for"] = Self.value(rate.hold)
    case .missing(let missing):
      out["kind"] = "missing"
      out["after"] = Self.value(missing.after)
      out["grade"] = .string(missing.grade.rawValue)
    }
    out["message"] = Self.value(message)
    if let incident {
      var policy: JSONValue = [
        "from": .string(incident.fromGrade.rawValue), "class": .string(incident.classCode),
      ]
      if let level = incident.level { policy["level"] = .string(level.rawValue) }
      out["incident"] = policy
    }
    out["cooldown"] = Self.value(cooldown)
    out["enabled"] = .bool(isEnabled)
    return out
  }

  private static func value(_ label: Label) -> JSONValue {
    ["zh": .string(label.zh), "en": .string(label.en)]
  }
  private static func value(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
  private static func value(_ duration: Duration64) -> JSONValue {
    .string(RuleDuration.text(duration))
  }
  private static func value(_ steps: [Step]) -> JSONValue {
    .array(
      steps.map {
        [
          "grade": .string($0.grade.rawValue), "raise": .double($0.raise),
          "clear": .double($0.clear),
        ]
      })
  }
}
