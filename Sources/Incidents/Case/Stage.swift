/// How far a case has come: the seven stages of GB/T 30428.8 and the states in which nothing moves.
/// The raw values are the keys used everywhere; cities translate them differently.
public enum Stage: String, Codable, Sendable, CaseIterable {
  /// 信息收集: reported, not confirmed on site.
  case intake
  /// 案卷建立: confirmed and filed, waits for dispatch. Returned cases come back here.
  case file
  /// 任务派遣: dispatched to a unit that has not accepted yet; its clock runs.
  case dispatch
  /// 任务处理: accepted and being handled.
  case handle
  /// 处理反馈: the unit reported it done; waits for the check on site.
  case feedback
  /// 核查: the check was passed; waits for closing, which is never automatic.
  case verify
  /// 结案: closed; waits for evaluation.
  case closed
  /// 综合评价: evaluated; nothing more is expected.
  case evaluate
  /// Was none. Can be reopened.
  case falseAlarm
  /// Continues as another case. Can be detached.
  case merged
  /// 挂账: cannot be solved in time, waits for its review date and resumes by itself.
  case suspended

  /// False once nothing more is expected to happen by itself.
  public var isOpen: Bool {
    switch self {
    case .closed, .evaluate, .falseAlarm, .merged: false
    case .intake, .file, .dispatch, .handle, .feedback, .verify, .suspended: true
    }
  }

  /// The step whose limit runs in this stage.
  public var step: LimitStep? {
    switch self {
    case .intake: .confirm
    case .file: .dispatch
    case .dispatch: .accept
    case .handle: .handle
    case .feedback: .verify
    case .verify, .closed, .evaluate, .falseAlarm, .merged, .suspended: nil
    }
  }
}

/// Where a case comes from.
public enum CaseSource: String, Codable, Sendable, CaseIterable {
  /// A grid collector on the street.
  case collector
  /// A camera or sensor, through a rule.
  case sensor
  /// 12345, 12319, the web.
  case `public`
  /// A level above.
  case superior
  /// A level below.
  case subordinate
  /// Another department.
  case department
}
