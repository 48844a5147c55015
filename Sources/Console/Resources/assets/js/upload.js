// Sends a file to the API with its progress, then shows the page as the server has it now. Without
// scripts the form sends it by itself.
const maximum = 20 * 1024 * 1024

function send(form, file) {
  const request = new XMLHttpRequest()
  const progress = form.querySelector("progress")
  const target = new URL(form.dataset.target, location.href)
  target.searchParams.set("name", file.name)
  target.searchParams.set("phase", form.elements.phase.value)
  request.open("PUT", target)
  request.setRequestHeader("Content-Type", file.type || "application/octet-stream")
  request.setRequestHeader(
    "X-CSRF-Token", document.querySelector('meta[name="csrf-token"]').content)
  request.setRequestHeader("Accept", "application/problem+json")
  request.upload.onprogress = (event) => {
    progress.hidden = false
    progress.value = (100 * event.loaded) / event.total
  }
  return new Promise((resolve, reject) => {
    request.onload = () => (request.status < 300 ? resolve() : reject(request))
    request.onerror = () => reject(request)
    request.send(file)
  })
}

// A problem says what is wrong; a line that broke says nothing.
function reason(form, request) {
  if (request.status === 413) return form.dataset.tooLarge
  try {
    const { title, detail } = JSON.parse(request.responseText)
    return `${form.dataset.failed} ${detail ?? title ?? ""}`
  } catch {
    return form.dataset.failed
  }
}

export function start(form) {
  const status = form.querySelector("[data-status]")
  const progress = form.querySelector("progress")
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const [file] = form.querySelector("input[type=file]").files
    if (!file) return
    if (file.size > maximum) return void (status.textContent = form.dataset.tooLarge)
    const button = form.querySelector("button")
    button.disabled = true
    status.textContent = ""
    try {
      await send(form, file)
      location.reload()
    } catch (request) {
      progress.hidden = true
      status.textContent = reason(form, request)
      button.disabled = false
    }
  })
}
