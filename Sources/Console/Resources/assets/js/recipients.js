// Says how many recipients are ticked, before the server asks for confirmation.
export function start(form) {
  const count = form.querySelector("[data-count]")
  const show = () => {
    const number = form.querySelectorAll('input[name="to"]:checked').length
    count.textContent = number > 0 ? String(number) : ""
  }
  form.addEventListener("input", show)
  show()
}
