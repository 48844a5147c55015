import CityCore
import GRDB
import Operations

/// The tables of `node.sqlite`. Migrations are named, run in this order, and are never edited once
/// they are on the main line: a change is a new migration.
enum NodeSchema {
  /// Brings a file up to date, or makes it.
  /// - Parameter last: the migration to stop after, for the tests of later ones.
  /// - Throws: `unavailable` when a newer release has written it, `corrupted`, `storageFull`.
  static func migrate(_ path: String, upTo last: String? = nil) throws(Problem) {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      defer { try? queue.close() }
      if try queue.read(migrator.hasBeenSuperseded) {
        throw Problem(.unavailable, "\(file) was written by a newer release of CityBeacon")
      }
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "PRAGMA journal_mode = WAL")
      }
      if let last {
        try migrator.migrate(queue, upTo: last)
      } else {
        try migrator.migrate(queue)
      }
    } catch let problem as Problem {
      throw problem
    } catch let error as DatabaseError {
      throw SQLiteProblem.make(
        error.extendedResultCode.rawValue, message: error.message ?? "cannot be opened",
        file: file)
    } catch {
      throw Problem(.unavailable, "\(file) cannot be opened")
    }
  }

  static let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    func register(_ name: String, _ sql: String) {
      migrator.registerMigration(name) { database in
        try database.execute(sql: sql)
        #if DEBUG
          CrashPoint.migrationMid.pass()
        #endif
      }
    }
    register("journal-1", journal)
    register("things-1", things)
    register("links-1", links)
    register("access-1", access)
    register("operations-1", operations)
    register("evidence-missing-1", evidenceMissing)
    migrator.registerMigration("things-2-words") { try NodeSchemaChanges.indexWords($0) }
    register("links-2-release-blocks", NodeSchemaChanges.releaseBlocks)
    migrator.registerMigration("operations-2-outbound-queued") {
      try NodeSchemaChanges.dateOutbound($0)
    }
    return migrator
  }()

  /// Events are insert-only. `life` gives each (node, epoch) a number, so that keys stay small.
  private static let journal = """
    CREATE TABLE life(
      id INTEGER PRIMARY KEY, node TEXT NOT NULL, epoch TEXT NOT NULL CHECK(length(epoch) = 16),
      UNIQUE(node, epoch)) STRICT;
    CREATE TABLE head(
      only INTEGER PRIMARY KEY CHECK(only = 1), node TEXT NOT NULL, epoch TEXT NOT NULL,
      seq INTEGER NOT NULL CHECK(seq >= 0), hash BLOB NOT NULL CHECK(length(hash) = 32),
      wall INTEGER NOT NULL, counter INTEGER NOT NULL) STRICT;
    CREATE TABLE event(
      position INTEGER PRIMARY KEY,
      life INTEGER NOT NULL REFERENCES life, seq INTEGER NOT NULL CHECK(seq > 0),
      thing TEXT NOT NULL, version INTEGER NOT NULL CHECK(version > 0),
      kind TEXT NOT NULL, actor TEXT NOT NULL, jurisdiction TEXT NOT NULL,
      data_class INTEGER NOT NULL CHECK(data_class BETWEEN 0 AND 3), wall INTEGER NOT NULL,
      header BLOB NOT NULL, body BLOB NOT NULL, sealed BLOB NOT NULL,
      previous BLOB NOT NULL CHECK(length(previous) = 32),
      hash BLOB NOT NULL CHECK(length(hash) = 32),
      arrival BLOB,
      UNIQUE(life, seq)) STRICT;
    CREATE INDEX event_thing ON event(thing, version);
    CREATE INDEX event_kind ON event(kind, position);
    CREATE INDEX event_actor ON event(actor, position);
    CREATE TABLE commit_mark(
      life INTEGER NOT NULL REFERENCES life, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
      hashes BLOB NOT NULL, signature BLOB NOT NULL,
      PRIMARY KEY(life, first_seq, last_seq),
      CHECK(length(hashes) = 32 * (last_seq - first_seq + 1))) STRICT, WITHOUT ROWID;
    CREATE TABLE cursor(name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE idempotency(
      key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL CHECK(length(fingerprint) = 32),
      status INTEGER NOT NULL, response BLOB NOT NULL, expires INTEGER NOT NULL) STRICT;
    CREATE INDEX idempotency_expires ON idempotency(expires);
    CREATE TABLE subject_key(subject TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
    CREATE TABLE vault(
      ref TEXT PRIMARY KEY, subject TEXT NOT NULL, thing TEXT NOT NULL, salt BLOB NOT NULL,
      ciphertext BLOB NOT NULL) STRICT;
    CREATE INDEX vault_subject ON vault(subject);
    """

  /// One row per thing; every list is served from its columns. The partial indexes hold only what
  /// somebody still has to do.
  private static let things = """
    CREATE TABLE thing(
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
      owner TEXT NOT NULL, offered_to TEXT, term INTEGER NOT NULL CHECK(term > 0),
      version INTEGER NOT NULL CHECK(version > 0), last_event TEXT NOT NULL,
      wall INTEGER NOT NULL, counter INTEGER NOT NULL,
      jurisdiction TEXT NOT NULL, grade INTEGER CHECK(grade BETWEEN 1 AND 4), class_code TEXT,
      data_class INTEGER NOT NULL CHECK(data_class BETWEEN 0 AND 3), parties TEXT NOT NULL,
      title TEXT NOT NULL, stage TEXT NOT NULL, is_open INTEGER NOT NULL CHECK(is_open IN (0, 1)),
      longitude REAL, latitude REAL, parent TEXT, assignee TEXT, rule TEXT, subject TEXT,
      source TEXT, external_id TEXT, opened INTEGER NOT NULL, due INTEGER, closed INTEGER,
      wake INTEGER, text TEXT NOT NULL, arrived INTEGER, state BLOB NOT NULL) STRICT;
    CREATE INDEX thing_newest ON thing(opened, id);
    CREATE INDEX thing_kind ON thing(kind, opened, id);
    CREATE INDEX thing_district ON thing(kind, substr(jurisdiction, 1, 6), opened, id);
    CREATE INDEX thing_street ON thing(kind, substr(jurisdiction, 1, 9), opened, id);
    CREATE INDEX thing_open ON thing(opened, id, kind, jurisdiction, grade, stage, class_code)
      WHERE is_open = 1;
    CREATE INDEX thing_owner ON thing(owner, id) WHERE is_open = 1;
    CREATE INDEX thing_wake ON thing(wake, id) WHERE is_open = 1 AND wake IS NOT NULL;
    CREATE INDEX thing_due ON thing(due) WHERE is_open = 1 AND due IS NOT NULL;
    CREATE INDEX thing_offered ON thing(offered_to, id) WHERE offered_to IS NOT NULL;
    CREATE INDEX thing_parent ON thing(parent, opened, id) WHERE parent IS NOT NULL;
    CREATE INDEX thing_assignee ON thing(assignee, opened, id) WHERE assignee IS NOT NULL;
    CREATE INDEX thing_subject ON thing(subject, opened, id) WHERE subject IS NOT NULL;
    CREATE INDEX thing_external ON thing(external_id, source) WHERE external_id IS NOT NULL;
    CREATE VIRTUAL TABLE thing_text USING fts5(
      title, text, content = 'thing', content_rowid = 'number', tokenize = 'trigram');
    CREATE TRIGGER thing_text_insert AFTER INSERT ON thing BEGIN
      INSERT INTO thing_text(rowid, title, text) VALUES(new.number, new.title, new.text);
    END;
    CREATE TRIGGER thing_text_update AFTER UPDATE OF title, text ON thing BEGIN
      INSERT INTO thing_text(thing_text, rowid, title, text)
        VALUES('delete', old.number, old.title, old.text);
      INSERT INTO thing_text(rowid, title, text) VALUES(new.number, new.title, new.text);
    END;
    """

  private static let links = """
    CREATE TABLE neighbour(node TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE directory(node TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE outbox(
      link TEXT PRIMARY KEY, epoch TEXT NOT NULL, released INTEGER NOT NULL,
      acknowledged INTEGER NOT NULL, CHECK(acknowledged <= released)) STRICT;
    CREATE TABLE release(
      life INTEGER NOT NULL REFERENCES life, link_seq INTEGER NOT NULL CHECK(link_seq > 0),
      position INTEGER NOT NULL REFERENCES event, policy INTEGER NOT NULL,
      with_sealed INTEGER NOT NULL CHECK(with_sealed IN (0, 1)),
      PRIMARY KEY(life, link_seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE released_version(
      link TEXT NOT NULL, thing TEXT NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY(link, thing)) STRICT, WITHOUT ROWID;
    CREATE TABLE inbox(
      link TEXT NOT NULL, epoch TEXT NOT NULL, through INTEGER NOT NULL,
      PRIMARY KEY(link, epoch)) STRICT;
    CREATE TABLE parked(
      number INTEGER PRIMARY KEY, thing TEXT NOT NULL, version INTEGER NOT NULL,
      header BLOB NOT NULL, body BLOB NOT NULL, sealed BLOB NOT NULL, previous BLOB NOT NULL,
      hash BLOB NOT NULL UNIQUE, arrival BLOB NOT NULL) STRICT;
    CREATE INDEX parked_thing ON parked(thing, version);
    CREATE TABLE declined(thing TEXT PRIMARY KEY, term INTEGER NOT NULL) STRICT;
    CREATE TABLE quarantine(
      only INTEGER PRIMARY KEY CHECK(only = 1), body BLOB NOT NULL) STRICT;
    """

  private static let access = """
    CREATE TABLE organisation(
      id TEXT PRIMARY KEY, parent TEXT,
      body BLOB NOT NULL) STRICT;
    CREATE INDEX organisation_parent ON organisation(parent);
    CREATE TABLE person(
      id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, organisation TEXT NOT NULL,
      body BLOB NOT NULL) STRICT;
    CREATE INDEX person_organisation ON person(organisation);
    CREATE TABLE credential(
      person TEXT PRIMARY KEY REFERENCES person ON DELETE CASCADE, body BLOB NOT NULL) STRICT;
    CREATE TABLE token(
      id TEXT PRIMARY KEY, principal TEXT NOT NULL, organisation TEXT NOT NULL,
      body BLOB NOT NULL) STRICT;
    CREATE INDEX token_principal ON token(principal, id);
    CREATE INDEX token_organisation ON token(organisation);
    CREATE TABLE session(
      id BLOB PRIMARY KEY CHECK(length(id) = 32),
      person TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
      created INTEGER NOT NULL, ends INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE INDEX session_person ON session(person, created);
    CREATE INDEX session_ends ON session(ends);
    CREATE TABLE throttle(key TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE release_policy(version INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE device(
      id TEXT PRIMARY KEY, version INTEGER NOT NULL CHECK(version > 0), jurisdiction TEXT NOT NULL,
      source TEXT, external_id TEXT, body BLOB NOT NULL,
      UNIQUE(source, external_id)) STRICT;
    CREATE INDEX device_jurisdiction ON device(jurisdiction, id);
    """

  private static let operations = """
    CREATE TABLE evidence(
      sha256 BLOB NOT NULL CHECK(length(sha256) = 32), thing TEXT NOT NULL, body BLOB NOT NULL,
      PRIMARY KEY(sha256, thing)) STRICT;
    CREATE TABLE webhook(id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE outbound(
      id TEXT PRIMARY KEY, next_attempt INTEGER NOT NULL, is_sent INTEGER NOT NULL,
      body BLOB NOT NULL) STRICT;
    CREATE INDEX outbound_due ON outbound(next_attempt, id) WHERE is_sent = 0;
    CREATE TABLE invitation(
      secret_hash BLOB PRIMARY KEY CHECK(length(secret_hash) = 32), body BLOB NOT NULL) STRICT;
    CREATE TABLE document(name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    """

  /// The index that says which files have still to be fetched, and the condition that finds it.
  static let evidenceIsMissing = """
    json_extract(CAST(body AS TEXT), '$.present') < json_extract(CAST(body AS TEXT), '$.size')
    """
  private static let evidenceMissing =
    "CREATE INDEX evidence_missing ON evidence(thing, sha256) WHERE \(evidenceIsMissing);"
}
