// Starts what a page names in `data-behaviour`. A behaviour is a module with `start(element)`.
const started = new WeakMap()

async function start(element) {
  for (const name of element.dataset.behaviour.split(" ").filter(Boolean)) {
    const names = started.get(element) ?? new Set()
    if (names.has(name)) continue
    started.set(element, names.add(name))
    const module = await import(`console/${name}.js`)
    module.start(element)
  }
}

function startAll(root) {
  for (const element of root.querySelectorAll("[data-behaviour]")) start(element)
}

startAll(document)
document.addEventListener("console:replaced", (event) => startAll(event.target))
