// Tells the buyer what is wrong while they type. Without it the page works all the same: the answer to the form says it.
const form = document.querySelector('form.self-invoice')
const button = form?.querySelector('button')
const submit = button?.textContent
const fields = ['tax_id', 'name', 'regime', 'postal_code', 'use', 'email']
const pauseMs = 400
// Only what the buyer is through with is judged: half an RFC is not a wrong one. What the page came back with was judged already.
const done = new Set(form?.hasAttribute('data-checked') ? fields : [])
let asked = 0
let waiting

function tell (name, found) {
  const problem = document.getElementById(`${name}-problem`)
  const field = form.elements.namedItem(name)
  const wrong = found.some(({ level }) => level === 'error')
  problem.textContent = found.map(({ message }) => message).join(' ')
  problem.hidden = found.length === 0
  problem.className = wrong ? 'problem' : 'hint'
  if (wrong) field.setAttribute('aria-invalid', 'true')
  else field.removeAttribute('aria-invalid')
}

async function check () {
  clearTimeout(waiting)
  const mine = ++asked
  const body = new URLSearchParams(new FormData(form))
  const answer = await fetch(`${window.location.pathname}/check`, { method: 'POST', body, headers: { 'accept-language': document.documentElement.lang } }).catch(() => undefined)
  // A newer question is under way, or nobody answered: sending the form says it.
  if (mine !== asked || !answer?.ok) return
  const { problems } = await answer.json()
  for (const name of fields) if (done.has(name)) tell(name, problems.filter(({ field }) => field === name))
}

/** As long as it will get: it can be judged before the buyer leaves the field. */
function isWhole ({ name, value }) {
  const text = value.replaceAll(/[\s.\-/]/g, '')
  return name === 'tax_id' ? /^([A-ZÑ&]{3}|[A-ZÑ&]{4})\d{6}[A-Z\d]{3}$/i.test(text) || text.length > 13 : name === 'postal_code' && text.length === 5
}

form?.addEventListener('input', ({ target }) => {
  if (isWhole(target)) done.add(target.name)
  if (!done.has(target.name)) return
  clearTimeout(waiting)
  waiting = setTimeout(() => { void check() }, pauseMs)
})
form?.addEventListener('change', ({ target }) => {
  done.add(target.name)
  void check()
})
// One click is enough, and a second one is none.
form?.addEventListener('submit', event => {
  if (button.getAttribute('aria-disabled') === 'true') return event.preventDefault()
  button.setAttribute('aria-disabled', 'true')
  button.textContent = form.dataset.sending
})
// Whoever comes back to the page may send it again: the answer says how the sale stands by then.
window.addEventListener('pageshow', () => {
  button?.removeAttribute('aria-disabled')
  if (button !== undefined && button !== null) button.textContent = submit
})
