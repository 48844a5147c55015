func run() {
  print("here")
  page.print("here")
}
