/// One field of a form.
struct Field: ViewModel {
  struct Option: ViewModel {
    let code: String
    let text: String
    let isChosen: Bool
  }

  let name: String
  let label: String
  var value = ""
  var isRequired = false
  var isArea = false
  var isInput = false
  var isSelect = false
  var isCheck = false
  var isHint = false
  var isChecked = false
  var inputType = "text"
  var minimum: String?
  var maximum: String?
  var step: String?
  var hint: String?
  var options: [Option] = []

  static func input(
    _ name: String, _ label: String, value: String = "", type: String = "text",
    isRequired: Bool = false, from minimum: String? = nil, to maximum: String? = nil,
    step: String? = nil, hint: String? = nil
  ) -> Field {
    Field(
      name: name, label: label, value: value, isRequired: isRequired, isInput: true,
      inputType: type, minimum: minimum, maximum: maximum, step: step, hint: hint)
  }

  static func area(
    _ name: String, _ label: String, value: String = "", isRequired: Bool = false
  ) -> Field {
    Field(name: name, label: label, value: value, isRequired: isRequired, isArea: true)
  }

  static func check(_ name: String, _ label: String, isChecked: Bool = false) -> Field {
    Field(name: name, label: label, isCheck: true, isChecked: isChecked)
  }

  static func hint(_ text: String) -> Field { Field(name: "", label: text, isHint: true) }

  /// - Parameter chosen: empty adds an empty choice on top.
  static func select(
    _ name: String, _ label: String, _ options: [(code: String, text: String)],
    chosen: String? = nil, isRequired: Bool = false, empty: String? = nil
  ) -> Field {
    var choices = options.map { Option(code: $0.code, text: $0.text, isChosen: $0.code == chosen) }
    if let empty { choices.insert(Option(code: "", text: empty, isChosen: false), at: 0) }
    return Field(
      name: name, label: label, isRequired: isRequired, isSelect: true, options: choices)
  }
}

/// A form for one action.
struct ActionForm: ViewModel {
  let label: String
  let target: String
  /// Names the draft and, with the rendering's key, the sending.
  let formName: String
  let version: String
  var tone = ""
  var shortcut: String?
  var fields: [Field] = []
  /// A button and nothing to fill in.
  var isBare: Bool

  init(
    label: String, target: String, formName: String, version: Int?, tone: String = "",
    shortcut: String? = nil, fields: [Field] = []
  ) {
    self.label = label
    self.target = target
    self.formName = formName
    self.version = version.map(String.init) ?? ""
    self.tone = tone
    self.shortcut = shortcut
    self.fields = fields
    isBare = fields.isEmpty
  }
}

/// A row of a list of facts.
struct Fact: ViewModel {
  let label: String
  var text: String?
  var link: LinkView?
  var moment: Moment?
  var note: String?
  var noteTone = ""

  /// Nil where there is nothing to say.
  static func of(_ label: String, _ text: String?) -> Fact? {
    text.flatMap { $0.isEmpty ? nil : Fact(label: label, text: $0) }
  }
}

struct FactList: ViewModel {
  let facts: [Fact]
}
