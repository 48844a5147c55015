import Testing

struct SourceTextTests {
  @Test(arguments: [
    (#"let a = "try! x" // as! y"#, #"let a = "      "         "#),
    (#"a /* try! /* x */ */ b"#, #"a                    b"#),
    (##"f(#"a "quoted" \(x!)"#, y)"##, ##"f(#"                "#, y)"##),
    (##"f(#"a \#(x!) b"#)"##, ##"f(#"    (x!)  "#)"##),
    (#"f("a \(g("b")!) c\"d")"#, #"f("   (g(" ")!)     ")"#),
    ("func `it's \"odd\"`() {}", "func ____________() {}"),
  ])
  func `comments and literals are blanked and interpolated code stays`(
    source: String, code: String
  ) {
    #expect(SourceText(source).code == code)
  }

  @Test func `a multi-line literal keeps its lines`() {
    let text = SourceText("let a = \"\"\"\n  try! \"x\"\n  \"\"\"\nb!")
    #expect(text.code == "let a = \"\"\"\n          \n  \"\"\"\nb!")
    #expect(text.lineCount == 4)
  }

  @Test func `an unclosed literal ends with its line`() {
    #expect(SourceText("let a = \"x\nb").code == "let a = \" \nb")
  }

  @Test func `the comment that excuses a line stands above it in its paragraph`() {
    let text = SourceText("// Safe: checked\nlet x = 1\na!\n\nb!\nc! // Safe: too")
    #expect([3, 5, 6].filter { text.isExcused(line: $0) } == [3, 6])
  }

  @Test func `the body of a protocol is known by its braces`() {
    let text = SourceText(
      "struct A {\n}\npublic protocol B {\n  var c: Int { get }\n}\nfunc d() {}")
    #expect(text.protocolLines == [3...5])
  }
}
