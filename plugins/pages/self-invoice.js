// Tells the buyer what is wrong as soon as a field is left. Without it the page works all the same: the answer to the form says it.
const form = document.querySelector('form[data-check]')
const fields = ['tax_id', 'name', 'regime', 'postal_code', 'use', 'email']
let asked = 0

function tell (name, message) {
  const problem = document.getElementById(`${name}-problem`)
  problem.textContent = message
  problem.hidden = message === ''
  const field = form.elements.namedItem(name)
  if (message === '') field.removeAttribute('aria-invalid')
  else field.setAttribute('aria-invalid', 'true')
}

async function check () {
  const mine = ++asked
  const body = new URLSearchParams(new FormData(form))
  const answer = await fetch(`${window.location.pathname}/check`, { method: 'POST', body, headers: { 'accept-language': document.documentElement.lang } }).catch(() => undefined)
  // A newer question is under way, or nobody answered: sending the form says it.
  if (mine !== asked || !answer?.ok) return
  const { problems } = await answer.json()
  for (const name of fields) tell(name, problems.filter(({ field }) => field === name).map(({ message }) => message).join(' '))
}

form?.addEventListener('change', () => { void check() })
