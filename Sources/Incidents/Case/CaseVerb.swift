public import CityCore

/// What can be done with a case. The raw value is the last part of the action's path.
public enum CaseVerb: String, Codable, Sendable, CaseIterable {
  case file
  case confirm
  case markFalse = "mark-false"
  case dispatch
  /// 裁定: dispatch for the last time; the unit cannot return it.
  case rule
  case accept
  case giveBack = "return"
  /// 收回: the dispatcher takes it back from the unit, to dispatch it anew.
  case recall
  case progress
  /// Report it done.
  case report
  case pass
  case fail
  case close
  case evaluate
  case reopen
  case suspend
  case resume
  case requestExtension = "request-extension"
  case approveExtension = "approve-extension"
  case refuseExtension = "refuse-extension"
  case regrade
  case merge
  case detach
  case note
  case addEvidence = "add-evidence"
  case changeWarning = "change-warning"
  case link
  case appeal
  case approveAppeal = "approve-appeal"
  case refuseAppeal = "refuse-appeal"

  /// What stands on the button.
  public var label: Label {
    switch self {
    case .file: Label(zh: "上报", en: "File")
    case .confirm: Label(zh: "确认立案", en: "Confirm")
    case .markFalse: Label(zh: "误报", en: "False alarm")
    case .dispatch: Label(zh: "派遣", en: "Dispatch")
    case .rule: Label(zh: "裁定派遣", en: "Dispatch by ruling")
    case .accept: Label(zh: "签收", en: "Accept")
    case .giveBack: Label(zh: "退单", en: "Return")
    case .recall: Label(zh: "收回", en: "Take back")
    case .progress: Label(zh: "进展", en: "Report progress")
    case .report: Label(zh: "处理反馈", en: "Report done")
    case .pass: Label(zh: "核查通过", en: "Check passed")
    case .fail: Label(zh: "核查不通过", en: "Check failed")
    case .close: Label(zh: "结案", en: "Close")
    case .evaluate: Label(zh: "评价", en: "Evaluate")
    case .reopen: Label(zh: "重新立案", en: "Reopen")
    case .suspend: Label(zh: "挂账", en: "Suspend")
    case .resume: Label(zh: "恢复", en: "Resume")
    case .requestExtension: Label(zh: "申请延期", en: "Request extension")
    case .approveExtension: Label(zh: "同意延期", en: "Approve extension")
    case .refuseExtension: Label(zh: "不同意延期", en: "Refuse extension")
    case .regrade: Label(zh: "调整级别", en: "Regrade")
    case .merge: Label(zh: "并案", en: "Merge")
    case .detach: Label(zh: "拆案", en: "Detach")
    case .note: Label(zh: "备注", en: "Add a note")
    case .addEvidence: Label(zh: "上传附件", en: "Add evidence")
    case .changeWarning: Label(zh: "预警变化", en: "Warning changed")
    case .link: Label(zh: "关联", en: "Link")
    case .appeal: Label(zh: "申诉", en: "Appeal")
    case .approveAppeal: Label(zh: "申诉通过", en: "Approve appeal")
    case .refuseAppeal: Label(zh: "驳回申诉", en: "Refuse appeal")
    }
  }
}

/// A value that an action asks for; the raw value is its key in the request.
public enum CaseField: String, Codable, Sendable, CaseIterable {
  case reason, text, onSite, organisation, limit, percent, evidence, back, score, until
  case grade, classCode, into, warning, linked, report
}

extension Stage {
  /// What people read.
  public var label: Label {
    switch self {
    case .intake: Label(zh: "信息收集", en: "Intake")
    case .file: Label(zh: "案卷建立", en: "Filed")
    case .dispatch: Label(zh: "任务派遣", en: "Dispatched")
    case .handle: Label(zh: "任务处理", en: "Handling")
    case .feedback: Label(zh: "处理反馈", en: "Reported done")
    case .verify: Label(zh: "核查", en: "Verified")
    case .closed: Label(zh: "结案", en: "Closed")
    case .evaluate: Label(zh: "综合评价", en: "Evaluated")
    case .falseAlarm: Label(zh: "误报", en: "False alarm")
    case .merged: Label(zh: "已并案", en: "Merged")
    case .suspended: Label(zh: "挂账", en: "Suspended")
    }
  }
}
