// A form is sent once. The server knows the second sending by its key as well; this only spares it.
export function start() {
  document.addEventListener("submit", (event) => {
    const form = event.target
    if (!form.matches("[data-once]") || event.defaultPrevented) return
    if (form.dataset.isSent) return event.preventDefault()
    form.dataset.isSent = "true"
    setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true
    })
  })
  // Coming back by the browser's button shows the page as it was left.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload()
  })
}
