/// All rows, in the order in which they are measured and printed.
enum Rows {
  static let all: [any Row] =
    [
      IngestRow(),
      SinglePostRow(),
      CommitRow(),
      IdleRow(),
      SimulatorRow(),
    ] + NodesRow.all
}
