// Brings a part of the page to what a fresh rendering says, by changing what differs and leaving the
// rest alone: focus, the caret, half-typed text, what is unfolded and what is selected stay.

// Set by people or scripts here; a rendering says nothing of it.
const own = new Set(["class", "open", "data-is-sent", "disabled", "hidden"])

function key(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null
  return node.id || node.dataset.fold || node.dataset.href ||
    (node.tagName === "FORM" ? node.getAttribute("action") : null)
}

function isAlike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b)
}

// Somebody works in there: has the focus in a field, or left typed text in a form that is unfolded.
function isInUse(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return false
  const focus = document.activeElement
  if (node.contains(focus) && focus.matches("input, textarea, select")) return true
  return [...node.querySelectorAll("textarea, input:not([type=hidden])")].some(
    (field) => field.closest("details")?.open && field.value !== field.defaultValue)
}

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (!own.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  for (const { name } of [...old.attributes]) {
    if (!own.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name)
  }
  const isSelected = old.classList.contains("is-selected")
  if (old.getAttribute("class") !== fresh.getAttribute("class")) {
    old.setAttribute("class", fresh.getAttribute("class") ?? "")
    if (isSelected) old.classList.add("is-selected")
  }
}

function one(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue
    return
  }
  // What was sent is under way, and what is being chosen or typed is not ours to change.
  if (old.matches("[data-is-sent]")) return
  attributes(old, fresh)
  if (old.matches("textarea, select")) return
  children(old, fresh)
}

// Goes along the fresh children. What has a twin is moved to its place and changed, what has none is
// put in, what is left over goes, unless somebody works in it.
export function children(old, fresh) {
  const rest = new Set(old.childNodes)
  let place = old.firstChild
  for (const child of [...fresh.childNodes]) {
    while (place && !rest.has(place)) place = place.nextSibling
    const named = key(child)
    const twin = place && isAlike(place, child)
      ? place
      : named && [...rest].find((node) => isAlike(node, child))
    if (!twin) {
      old.insertBefore(document.importNode(child, true), place)
      continue
    }
    rest.delete(twin)
    if (twin === place) place = place.nextSibling
    else old.insertBefore(twin, place)
    one(twin, child)
  }
  for (const node of rest) if (!isInUse(node)) node.remove()
}
