import CityCore

extension ClassTable {
  /// Codes of the default table that the default limits name.
  enum Standard {
    static let wellCovers = "C0101"
    static let burstPipe = "E0401"
    static let roadCollapse = "E0402"
    static let roadFlooding = "E0403"
    static let exposedRubbish = "E0101"
  }

  /// Classes after GB/T 30428.2 with the subclasses that the default limits name. `C` components,
  /// `E` events; cities order events 04 and 05 either way, so this is a default, not a rule.
  public static let standard = ClassTable(
    sorted: [
      ("C01", "公用设施", "Public utilities"),
      ("C02", "道路交通", "Roads and traffic"),
      ("C03", "市容环境", "City environment"),
      ("C04", "园林绿化", "Parks and green"),
      ("C05", "其他部件", "Other components"),
      ("C90", "扩展部件", "Local components"),
      (Standard.wellCovers, "井盖缺失破损", "Missing or broken well cover"),
      ("E01", "市容环境", "City environment"),
      (Standard.exposedRubbish, "暴露垃圾", "Exposed rubbish"),
      ("E02", "宣传广告", "Advertising"),
      ("E03", "施工管理", "Construction"),
      ("E04", "突发事件", "Sudden events"),
      (Standard.burstPipe, "管道破裂", "Burst water, heat or gas pipe"),
      (Standard.roadCollapse, "路面塌陷", "Road collapse"),
      (Standard.roadFlooding, "道路积水", "Road flooding"),
      ("E05", "街面秩序", "Street order"),
      ("E06", "扩展事件", "Local events"),
    ].compactMap { code, zh, en in
      ClassCode(rawValue: code).map {
        Row(
          code: $0, kind: code.hasPrefix("C") ? .component : .event,
          name: Label(zh: zh, en: en))
      }
    })
}
