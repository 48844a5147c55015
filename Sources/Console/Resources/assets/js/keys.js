// Working without a mouse: j and k choose a row, Enter opens it, letters press what the row offers.
let selected = null

function rows() {
  return [...document.querySelectorAll("main [data-row]")].filter((row) => row.offsetParent)
}

function select(row) {
  selected?.classList.remove("is-selected")
  selected = row
  row?.classList.add("is-selected")
  row?.scrollIntoView({ block: "nearest" })
}

// Rows are exchanged when something changed; the choice goes on to the row of the same thing.
function identity(row) {
  return row && (row.id || row.dataset.href || row.dataset.fold)
}

function follow() {
  if (!selected || selected.isConnected) return
  const name = identity(selected)
  select(rows().find((row) => identity(row) === name) ?? null)
}

function move(step) {
  const all = rows()
  const index = all.indexOf(selected)
  select(all[index < 0 ? (step > 0 ? 0 : all.length - 1) : index + step] ?? selected)
}

function open() {
  if (selected?.matches("details")) selected.open = !selected.open
  else if (selected?.dataset.href) location.assign(selected.dataset.href)
}

// The chosen row's button, or the page's own where nothing is chosen and there is only one.
function press(key) {
  const name = `[data-key="${key}"]`
  const own = selected?.isConnected ? selected.querySelector(name) : null
  const page = [...document.querySelectorAll(`#actions ${name}`)]
  const target = own ?? (page.length === 1 ? page[0] : null)
  if (!target) return
  target.closest("details.fold")?.setAttribute("open", "")
  target.click()
  target.closest("details")?.querySelector("input:not([type=hidden]), textarea")?.focus()
}

function page(number) {
  const tab = document.querySelectorAll(".tabs a")[number - 1]
  if (tab) location.assign(tab.href)
}

function help() {
  document.getElementById("keys").showModal()
}

function escape() {
  document.activeElement?.blur()
  for (const details of document.querySelectorAll("details.action[open], details.inline[open]")) {
    details.open = false
  }
}

const actions = { j: () => move(1), k: () => move(-1), Enter: open, "?": help }

export function start() {
  const button = document.querySelector("[data-help]")
  button.hidden = false
  button.addEventListener("click", help)
  document.addEventListener("console:replaced", follow)
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === "Escape") return escape()
    if (event.target.matches("input, textarea, select, button, a, summary, dialog *")) return
    const action = actions[event.key] ??
      ("acf".includes(event.key) ? () => press(event.key)
      : /^[1-8]$/.test(event.key) ? () => page(Number(event.key)) : null)
    if (!action) return
    event.preventDefault()
    action()
  })
}
