/// 值班台: everything that waits for the person on duty.
struct DeskPage: PageView {
  let template = "desk"
  func title(_ words: Words) -> String { words["deskTitle"] }

  var queue: WarningQueue?
  var offers: TableSection?
  var tasks: TableSection?
  var incidents: TableSection?
  var orders: TableSection?
}

struct IncidentsPage: PageView {
  let template = "incidents"
  func title(_ words: Words) -> String { words["incidentsTitle"] }

  let canFile: Bool
  let fields: [Field]
  let table: ThingTable
  let pager: Pager?
}

struct OrdersPage: PageView {
  let template = "orders"
  func title(_ words: Words) -> String { words["ordersTitle"] }

  let canIssue: Bool
  let table: ThingTable
  let pager: Pager?
  let tasks: TableSection?
}

/// A form on a page of its own.
struct FormPage: PageView {
  let template = "form"
  func title(_ words: Words) -> String { heading }

  let heading: String
  let target: String
  let formName: String
  let fields: [Field]
  let submit: String
  let backHref: String
  var message: String?
  var faults: [String] = []
}

/// Something did not work, and what can be done.
struct ProblemPage: PageView {
  struct Fault: ViewModel {
    let at: String
    let reason: String
  }

  let template = "problem"
  func title(_ words: Words) -> String { words["problemTitle"] }

  let explanation: String
  let detail: String?
  let hasFaults: Bool
  let faults: [Fault]
  let backHref: String
  let request: String
  let code: String
}
