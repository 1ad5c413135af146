import { destination } from './next.js'

const form = document.getElementById('login')
const problem = document.getElementById('problem')
const choice = document.getElementById('choice')
const tenant = document.getElementById('tenant')
const button = document.getElementById('submit')

form.addEventListener('submit', async event => {
  event.preventDefault()
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  problem.hidden = true
  const failure = await logIn()
  if (failure === undefined) {
    window.location.assign(destination(new URLSearchParams(window.location.search).get('next'), window.location.origin))
    return
  }
  button.removeAttribute('aria-disabled')
  problem.textContent = failure.sentence
  problem.hidden = false
  failure.focus.focus()
})

// Another person's tenants are not this one's.
for (const name of ['email', 'password']) form.elements.namedItem(name).addEventListener('input', () => offer([]))

/** Undefined when a session is open; otherwise the sentence to show, and the field to go on with. */
async function logIn () {
  const password = form.elements.namedItem('password')
  let response
  let body
  try {
    response = await fetch('/v1/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-language': document.documentElement.lang },
      body: JSON.stringify(Object.fromEntries(new FormData(form)))
    })
    if (response.ok) return undefined
    body = await response.json().catch(() => undefined)
  } catch {
    return { sentence: form.dataset.unreachable, focus: button }
  }
  const tenants = (body?.errors ?? []).filter(({ path }) => path === 'tenant').map(({ message }) => message)
  if (body?.code === 'tenant_required' && tenants.length > 0) {
    offer(tenants)
    return { sentence: form.dataset.choose, focus: tenant }
  }
  return { sentence: body?.detail ?? form.dataset.unexpected, focus: password }
}

/** Each is the id and the name of a tenant, as the problem lists them. */
function offer (tenants) {
  choice.hidden = tenant.disabled = tenants.length === 0
  tenant.replaceChildren(...tenants.map(line => {
    const [id, ...name] = line.split(' ')
    return new window.Option(name.join(' ') || id, id)
  }))
}
