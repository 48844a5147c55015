import Access
import CityCore
import Operations

/// Turns a ``ThingQuery`` into SQL. Values always travel as parameters.
///
/// A `+` before a column keeps the planner from an index on it. Pages are read in order, newest
/// first, and stop early; an index that finds all matches and then sorts them does not.
struct ThingFilter {
  private(set) var conditions: [String] = []
  private(set) var values: [SQLiteValue] = []

  init(_ query: ThingQuery) {
    let isOneKind = query.kinds.count == 1
    // The partial index of open things is small and has these columns in it.
    let usesOpenIndex = query.isOpen == true
    if let isOpen = query.isOpen { add(isOpen ? "is_open = 1" : "+is_open = 0") }
    addKinds(query.kinds, isIndexed: isOneKind && !usesOpenIndex)
    addScope(query.scope, isIndexed: isOneKind && !usesOpenIndex)
    if let jurisdiction = query.jurisdiction { addPrefix("jurisdiction", jurisdiction.rawValue) }
    addAny("stage", query.stages)
    if let grade = query.minimumGrade { add("grade >= ?", .int(grade.severity)) }
    if let prefix = query.classPrefix, !prefix.isEmpty { addPrefix("class_code", prefix) }
    if let parent = query.parent { add("parent = ?", .id(parent)) }
    if let assignee = query.assignee { add("assignee = ?", .id(assignee)) }
    if let owner = query.owner { add("+owner = ?", .id(owner)) }
    if let rule = query.rule { add("rule = ?", .text(rule)) }
    if let subject = query.subject { add("subject = ?", .text(subject)) }
    if let source = query.source { add("source = ?", .text(source)) }
    if let id = query.externalId { add("external_id = ?", .text(id)) }
    if let from = query.openedFrom { add("opened >= ?", .time(from)) }
    if let until = query.openedUntil { add("opened < ?", .time(until)) }
    if let due = query.dueBefore { add("is_open = 1 AND due < ?", .time(due)) }
    if let text = query.text { addText(text, query) }
  }

  /// Ends with `WHERE …`; never empty.
  var sql: String { "WHERE " + conditions.joined(separator: " AND ") }

  mutating func add(_ condition: String, _ values: SQLiteValue...) {
    conditions.append(condition)
    self.values += values
  }

  private mutating func addKinds(_ kinds: [String], isIndexed: Bool) {
    guard !kinds.isEmpty else { return }
    if isIndexed {
      add("kind = ?", .text(kinds[0]))
    } else {
      addAny("+kind", kinds)
    }
  }

  private mutating func addAny(_ column: String, _ texts: [String]) {
    guard !texts.isEmpty else { return }
    let marks = [String](repeating: "?", count: texts.count).joined(separator: ", ")
    conditions.append("\(column) IN (\(marks))")
    values += texts.map { .text($0) }
  }

  /// Codes are ASCII digits or letters, so what follows the prefix is below `~`.
  private mutating func addPrefix(_ column: String, _ prefix: String) {
    add("\(column) >= ? AND \(column) < ?", .text(prefix), .text(prefix + "~"))
  }

  private mutating func addScope(_ scope: Scope, isIndexed: Bool) {
    let single = isIndexed && scope.regions.count == 1
    let (sql, bound) = ScopeFilter.sql(
      scope, organisation: "assignee", owner: "subject", usesIndex: single)
    conditions.append(sql)
    values += bound
  }

  // MARK: Full text

  /// What is read first, and gives the order: an index of things, or the index of words.
  enum Order {
    /// By when they were opened, newest first; equal times by id.
    case opened
    /// By when they came into this store, last first: the order of the index of words, which so is
    /// read only until the page is full.
    case arrival
  }
  private(set) var order = Order.opened

  private mutating func addText(_ search: String, _ query: ThingQuery) {
    guard let expression = ThingWords.expression(query, search) else { return add("0") }
    let isNarrow =
      query.parent != nil || query.assignee != nil || query.subject != nil
      || query.externalId != nil
    if isNarrow {
      add(
        """
        EXISTS(SELECT 1 FROM thing_words WHERE thing_words MATCH ? AND rowid = thing.number)
        """, .text(expression))
    } else {
      order = .arrival
      add("thing_words MATCH ?", .text(expression))
    }
  }

  /// The tables, in the order in which they are read.
  var source: String {
    switch order {
    case .opened: "thing"
    case .arrival: "thing_words CROSS JOIN thing ON thing.number = thing_words.rowid"
    }
  }

  /// After `ORDER BY`.
  var sorting: String {
    switch order {
    case .opened: "opened DESC, id DESC"
    case .arrival: "thing_words.rowid DESC"
    }
  }
}

/// A ``Scope`` as SQL over rows with `jurisdiction` and `data_class`. Agrees with `Scope.admits`.
enum ScopeFilter {
  /// - Parameters:
  ///   - organisation: the column (or expression) of the organisation that a row belongs to.
  ///   - owner: the column of the device or person that it is about.
  ///   - usesIndex: the indexes by district and street may serve a region.
  static func sql(
    _ scope: Scope, organisation: String, owner: String, usesIndex: Bool
  ) -> (String, [SQLiteValue]) {
    guard !scope.isEmpty else { return ("0", []) }
    var parts: [String] = []
    var values: [SQLiteValue] = []
    for region in scope.regions {
      var terms: [String] = []
      let code = region.jurisdiction.rawValue
      // The very expressions of the indexes; a longer code is narrowed down from the street.
      let length = [6, 9].last { $0 <= code.utf8.count }
      if usesIndex, let length {
        terms.append("substr(jurisdiction, 1, \(length)) = ?")
        values.append(.text(String(code.prefix(length))))
      }
      if !usesIndex || length != code.utf8.count {
        terms.append("jurisdiction >= ? AND jurisdiction < ?")
        values += [.text(code), .text(code + "~")]
      }
      terms.append("data_class <= ?")
      values.append(.integer(region.maximumDataClass.number))
      switch region.organisation {
      case .any: break
      case .none: terms.append("\(organisation) IS NULL")
      case .one(let id):
        // The `+` keeps an index of organisations from undoing the order.
        terms.append("+\(organisation) = ?")
        values.append(.id(id))
      }
      parts.append("(" + terms.joined(separator: " AND ") + ")")
    }
    var sql = parts.count == 1 ? parts[0] : "(" + parts.joined(separator: " OR ") + ")"
    if let owners = scope.owners {
      let marks = [String](repeating: "?", count: owners.count).joined(separator: ", ")
      sql += " AND \(owner) IN (\(marks))"
      values += owners.map { .id($0) }
    }
    return (sql, values)
  }
}
