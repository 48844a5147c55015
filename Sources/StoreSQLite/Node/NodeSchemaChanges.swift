import CityCore
import Foundation
import GRDB
import Operations

/// What changed in `node.sqlite` after its first tables, a migration each. As ``NodeSchema``: named,
/// in order, never edited.
enum NodeSchemaChanges {
  // MARK: things-2-words

  /// Full text by words and pairs of characters in place of sequences of three: Chinese words of one
  /// and two characters are found in the index too. The index keeps no texts (`content = ''`), for
  /// they stand in `thing`; prefixes of one character find single Chinese characters.
  static func indexWords(_ database: Database) throws {
    try database.execute(
      sql: """
        DROP TRIGGER thing_text_insert;
        DROP TRIGGER thing_text_update;
        DROP TABLE thing_text;
        -- With every column that the usual lists of open things ask for: the rows stay unread.
        DROP INDEX thing_open;
        CREATE INDEX thing_open ON thing(
          opened, id, kind, jurisdiction, data_class, grade, stage, class_code, assignee, subject)
          WHERE is_open = 1;
        CREATE VIRTUAL TABLE thing_words USING fts5(
          facets, heading, words, content = '', prefix = '1',
          tokenize = 'unicode61 remove_diacritics 2');
        """)
    let insert = try database.makeStatement(
      sql: "INSERT INTO thing_words(rowid, facets, heading, words) VALUES(?, ?, ?, ?)")
    var last: Int64 = 0
    while true {
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT number, kind, jurisdiction, is_open, title, text FROM thing
          WHERE number > ? ORDER BY number LIMIT 1000
          """, arguments: [last])
      guard let end = rows.last else { return }
      for row in rows {
        let entry = ThingWords.Entry(
          kind: row[1], jurisdiction: row[2], isOpen: row[3], title: row[4], text: row[5])
        try insert.execute(
          arguments: [row[0] as Int64, entry.facets, entry.title, entry.text])
      }
      last = end[0]
    }
  }

  // MARK: links-2-release-blocks

  /// Releases that the neighbour acknowledged long ago, many to a row; see ``ReleaseBlock``.
  static let releaseBlocks = """
    CREATE TABLE release_block(
      life INTEGER NOT NULL REFERENCES life, last_seq INTEGER NOT NULL,
      first_seq INTEGER NOT NULL CHECK(first_seq > 0), body BLOB NOT NULL,
      PRIMARY KEY(life, last_seq), CHECK(first_seq <= last_seq)) STRICT, WITHOUT ROWID;
    """

  // MARK: operations-2-outbound-queued

  /// When a message was queued, so that old ones are found; `next_attempt` of the year 9999 stands
  /// for what was given up.
  static func dateOutbound(_ database: Database) throws {
    try database.execute(
      sql: "ALTER TABLE outbound ADD COLUMN queued INTEGER NOT NULL DEFAULT 0")
    for row in try Row.fetchAll(database, sql: "SELECT id, body FROM outbound") {
      let body: Data = row[1]
      let message = try StoredJSON.decode(OutboundMessage.self, Array(body))
      try database.execute(
        sql: "UPDATE outbound SET queued = ? WHERE id = ?",
        arguments: [message.queued.rawValue, row[0] as String])
    }
    try database.execute(
      sql: """
        CREATE INDEX outbound_over ON outbound(queued)
          WHERE is_sent = 1 OR next_attempt >= 253402300799000000;
        """)
  }
}
