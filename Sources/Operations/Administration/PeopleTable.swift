public import Access
public import CityCore
import Foundation

/// A list of people as comma-separated values (RFC 4180), in UTF-8 or GB18030, with a header line.
///
/// Columns, in any order, by English or Chinese name: `login` 登录名, `name` 姓名, `organisation` 单位
/// (id or name), `roles` 角色 (role names or their labels, separated by `;`, each with an optional
/// `@` and code), `phone` 电话, `jurisdiction` 辖区, `language` 语言. The first four are needed.
public enum PeopleTable {
  /// Each person's one-time password costs a good part of a second.
  public static let maximumRows = 200
  static let maximumBytes = 1 << 20

  private enum Column: String, CaseIterable {
    case login, name, organisation, roles, phone, jurisdiction, language

    static let chinese: [String: Column] = [
      "登录名": .login, "姓名": .name, "单位": .organisation, "角色": .roles, "电话": .phone,
      "辖区": .jurisdiction, "语言": .language,
    ]
    static let needed: [Column] = [.login, .name, .organisation, .roles]
  }

  /// - Throws: ``Problem`` `invalid` with a fault for each line and column that cannot be meant so;
  ///   `tooLarge`.
  public static func read(
    _ bytes: [UInt8], in organisations: OrganisationTree
  ) throws(Problem) -> [NewPerson] {
    guard bytes.count <= maximumBytes else {
      throw Problem(.tooLarge, "at most \(maximumBytes) bytes")
    }
    let rows = try rows(text(bytes))
    guard let header = rows.first else { throw fault("line 1", "no header") }
    guard rows.count - 1 <= maximumRows else {
      throw Problem(.tooLarge, "at most \(maximumRows) people at once")
    }
    let columns = try columns(header)
    var faults: [Problem.Fault] = []
    var logins: Set<String> = []
    var people: [NewPerson] = []
    for row in rows.dropFirst() {
      func field(_ column: Column) -> String {
        guard let index = columns[column], index < row.fields.count else { return "" }
        return row.fields[index].trimmed
      }
      func fault(_ column: Column, _ reason: String) {
        faults.append(.init(at: "line \(row.line): \(column.rawValue)", reason: reason))
      }
      if row.fields.count != header.fields.count {
        faults.append(
          .init(
            at: "line \(row.line)",
            reason: "has \(row.fields.count) fields, the header \(header.fields.count)"))
        continue
      }
      let login = field(.login).lowercased()
      if !Person.isValidLogin(login) { fault(.login, "2...64 of a-z, 0-9, '.', '-', '_'") }
      if !logins.insert(login).inserted { fault(.login, "comes twice") }
      if field(.name).isEmpty { fault(.name, "must not be empty") }
      guard let organisation = organisation(field(.organisation), organisations) else {
        fault(.organisation, "no such organisation")
        continue
      }
      var person = NewPerson(
        login: login, displayName: field(.name),
        phone: field(.phone).isEmpty ? nil : field(.phone), organisation: organisation.id)
      if !field(.jurisdiction).isEmpty {
        person.jurisdiction = AdminCode(rawValue: field(.jurisdiction))
        if person.jurisdiction == nil { fault(.jurisdiction, "no code of 2, 4, 6, 9 or 12 digits") }
      }
      switch field(.language).lowercased() {
      case "": break
      case "zh", "zh-cn", "中文": person.language = .chinese
      case "en", "英文", "英语": person.language = .english
      default: fault(.language, "zh-CN or en")
      }
      for part in field(.roles).split(whereSeparator: { ";；、|".contains($0) }) {
        let pieces = String(part).trimmed.split(separator: "@", maxSplits: 1).map {
          String($0).trimmed
        }
        guard let name = pieces.first, let role = role(name) else {
          fault(.roles, "no such role: \(String(part).trimmed.prefix(40))")
          continue
        }
        var ground = person.jurisdiction ?? organisation.jurisdiction
        if pieces.count == 2 {
          guard let code = AdminCode(rawValue: pieces[1]) else {
            fault(.roles, "no code of 2, 4, 6, 9 or 12 digits after '@'")
            continue
          }
          ground = code
        }
        person.grants.append(
          Grant(role: role, organisation: organisation.id, jurisdiction: ground))
      }
      people.append(person)
    }
    guard faults.isEmpty else {
      throw Problem(.invalid, "the list of people has \(faults.count) faults", faults: faults)
    }
    return people
  }

  // MARK: - Parts

  private static func columns(_ header: Row) throws(Problem) -> [Column: Int] {
    var columns: [Column: Int] = [:]
    var faults: [Problem.Fault] = []
    for (index, name) in header.fields.enumerated() {
      let plain = name.trimmed
      guard let column = Column(rawValue: plain.lowercased()) ?? Column.chinese[plain] else {
        faults.append(.init(at: "line 1: \(plain.prefix(40))", reason: "unknown column"))
        continue
      }
      if columns.updateValue(index, forKey: column) != nil {
        faults.append(.init(at: "line 1: \(column.rawValue)", reason: "comes twice"))
      }
    }
    for column in Column.needed where columns[column] == nil {
      faults.append(.init(at: "line 1: \(column.rawValue)", reason: "the column is missing"))
    }
    guard faults.isEmpty else { throw Problem(.invalid, "the header is wrong", faults: faults) }
    return columns
  }

  private static func organisation(
    _ text: String, _ tree: OrganisationTree
  ) -> Organisation? {
    if let id = PrincipalID(rawValue: text), let found = tree[id] { return found }
    let named = tree.all.filter { $0.name.zh == text || $0.name.en == text }
    return named.count == 1 ? named.first : nil
  }

  private static func role(_ text: String) -> Role? {
    Role(rawValue: text.lowercased())
      ?? Role.allCases.first {
        $0.label.zh == text || $0.label.en.lowercased() == text.lowercased()
      }
  }

  // MARK: - Text

  /// UTF-8 with or without a byte order mark, else GB18030, which spreadsheets in China save as.
  static func text(_ bytes: [UInt8]) throws(Problem) -> String {
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    if let text = String(validating: body, as: UTF8.self) { return text }
    if let text = String(data: Data(body), encoding: gb18030) { return text }
    throw fault("line 1", "neither UTF-8 nor GB18030")
  }

  /// `kCFStringEncodingGB_18030_2000` as an `NSStringEncoding`.
  private static let gb18030 = String.Encoding(rawValue: 0x8000_0632)

  private struct Row {
    /// From 1.
    var line: Int
    var fields: [String]
  }

  private static func rows(_ text: String) throws(Problem) -> [Row] {
    var rows: [Row] = []
    var row = Row(line: 1, fields: [])
    var field = String.UnicodeScalarView()
    var line = 1
    var isQuoted = false
    var wasQuoted = false
    var scalars = text.unicodeScalars.makeIterator()
    var pending: Unicode.Scalar?
    func endField() {
      row.fields.append(String(field))
      field = String.UnicodeScalarView()
      wasQuoted = false
    }
    func endRow() {
      endField()
      if row.fields != [""] { rows.append(row) }
      row = Row(line: line, fields: [])
    }
    while let scalar = pending ?? scalars.next() {
      pending = nil
      if isQuoted {
        if scalar == "\n" { line += 1 }
        guard scalar == "\"" else {
          field.append(scalar)
          continue
        }
        let next = scalars.next()
        if next == "\"" {
          field.append("\"")
        } else {
          isQuoted = false
          pending = next
        }
        continue
      }
      switch scalar {
      case ",": endField()
      case "\n":
        line += 1
        endRow()
      case "\r": break
      case "\"":
        guard field.isEmpty, !wasQuoted else {
          throw fault("line \(line)", "a quote inside an unquoted field")
        }
        isQuoted = true
        wasQuoted = true
      default:
        guard !wasQuoted else { throw fault("line \(line)", "text after a closing quote") }
        field.append(scalar)
      }
    }
    guard !isQuoted else { throw fault("line \(row.line)", "a quote is not closed") }
    if !field.isEmpty || !row.fields.isEmpty { endRow() }
    return rows
  }

  private static func fault(_ at: String, _ reason: String) -> Problem {
    Problem(.invalid, "the list of people cannot be read", faults: [.init(at: at, reason: reason)])
  }
}

extension String {
  fileprivate var trimmed: String {
    var part = self[...]
    while part.first?.isWhitespace == true { part.removeFirst() }
    while part.last?.isWhitespace == true { part.removeLast() }
    return String(part)
  }
}

extension CityNode {
  /// Adds the people of a list (``PeopleTable``): all of them or none.
  /// - Parameter dryRun: only says what is wrong with it.
  /// - Returns: the one-time passwords, in the order of the list; empty when dry.
  /// - Throws: ``Problem`` `invalid` by line and column, `forbidden`, `duplicate`, `tooLarge`.
  public func importPeople(
    _ bytes: [UInt8], dryRun: Bool = false, by principal: Principal
  ) async throws -> [FirstPassword] {
    try authorise(principal, .manageUsers, Resource(jurisdiction: identity.jurisdiction))
    let people = try PeopleTable.read(bytes, in: access.policy.organisations)
    return try await addPeople(people, dryRun: dryRun, by: principal)
  }
}
