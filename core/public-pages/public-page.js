// All that these pages do by script. Without it each of them works all the same: the server says it.
document.documentElement.classList.add('js')
const { lang: language } = document.documentElement
const here = window.location.pathname

// --- what was typed outlives a change of language: in this tab, and until it is put back --------------------------------------------

const form = document.querySelector('form[data-keep]')
const kept = `typed:${here}`
document.querySelector('.tongue')?.addEventListener('click', () => {
  if (form === null) return
  try {
    window.sessionStorage.setItem(kept, JSON.stringify([...new FormData(form)].filter(([name]) => name !== 'once')))
  } catch {
    // Storage is switched off: it is typed anew.
  }
})
function putBack () {
  try {
    const text = window.sessionStorage.getItem(kept)
    window.sessionStorage.removeItem(kept)
    if (form === null || text === null) return
    for (const [name, value] of JSON.parse(text)) {
      const field = form.elements.namedItem(name)
      if (field !== null && field.value === '') field.value = value
    }
  } catch {
    // As above.
  }
}

// --- one press is enough, and a second one is none --------------------------------------------------------------------------------

for (const sent of document.querySelectorAll('form[data-sending]')) {
  const button = sent.querySelector('button:not([type=button])')
  const words = button.textContent
  sent.addEventListener('submit', event => {
    if (button.getAttribute('aria-disabled') === 'true') return event.preventDefault()
    button.setAttribute('aria-disabled', 'true')
    button.textContent = sent.dataset.sending
  })
  // Whoever comes back to the page may send it again: the answer says how it stands by then.
  window.addEventListener('pageshow', () => {
    button.removeAttribute('aria-disabled')
    button.textContent = words
  })
}

// --- to be copied -----------------------------------------------------------------------------------------------------------------

for (const button of document.querySelectorAll('.copy')) {
  const words = button.textContent
  button.addEventListener('click', async () => {
    const value = button.dataset.copy
    try {
      await navigator.clipboard.writeText(value)
    } catch {
      // No permission, or no https: it is marked instead, for the menu of the phone.
      window.getSelection()?.selectAllChildren(document.getElementById(button.dataset.of))
      return
    }
    button.textContent = button.dataset.done
    setTimeout(() => { button.textContent = words }, 2500)
  })
}

// --- a page that waits --------------------------------------------------------------------------------------------------------------

const { watch } = document.body.dataset
if (watch !== undefined) {
  const [fewMs, manyMs] = [2000, 30_000]
  let pauseMs = fewMs
  let waiting
  const look = async () => {
    clearTimeout(waiting)
    if (!document.hidden) {
      const answer = await fetch(`${here}/state`, { headers: { accept: 'application/json' } }).then(async found => found.ok ? await found.json() : undefined).catch(() => undefined)
      // The same address again, and never the form that led here.
      if (answer !== undefined && answer.state !== watch) return window.location.replace(window.location.href)
      pauseMs = Math.min(manyMs, pauseMs * 1.3)
    }
    waiting = setTimeout(() => { void look() }, pauseMs)
  }
  waiting = setTimeout(() => { void look() }, pauseMs)
  // Back from the bank's app: at once.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return
    pauseMs = fewMs
    void look()
  })
}

// --- the buyer's data of an invoice: told what is wrong while it is typed, and offered what fits ------------------------------------

const invoice = document.querySelector('form.self-invoice')
if (invoice === null) putBack()
else buyersData()

function buyersData () {
  const fields = ['tax_id', 'name', 'regime', 'postal_code', 'use', 'email']
  const field = name => invoice.elements.namedItem(name)
  const pauseMs = 400
  // Only what the buyer is through with is judged: half an RFC is not a wrong one. What the page came back with was judged already.
  const done = new Set(invoice.hasAttribute('data-checked') ? fields : [])
  let asked = 0
  let waiting

  const plain = text => text.toUpperCase().replaceAll(/[\s.\-/]/g, '')
  const kindOf = rfc => /^[A-ZÑ&]{3,4}\d{6}[A-Z\d]{3}$/.test(rfc) ? rfc.length === 13 ? 'n' : 'l' : undefined

  // What the law offers to this kind of person, and in this regime. What was chosen stays, and is told to be wrong.
  const all = Object.fromEntries(['regime', 'use'].map(name => [name, [...field(name).options]]))
  const offer = (name, fits) => {
    const select = field(name)
    const { value } = select
    const offered = all[name].filter(option => option.value === '' || option.value === value || fits(option.dataset))
    if (offered.length === select.options.length && offered.every((option, at) => option === select.options[at])) return
    select.replaceChildren(...offered)
    select.value = value
  }
  const narrow = () => {
    const kind = kindOf(plain(field('tax_id').value))
    const regime = field('regime').value
    const forKind = ({ of }) => kind === undefined || of.includes(kind)
    offer('regime', forKind)
    offer('use', data => forKind(data) && (regime === '' || data.in.split(' ').includes(regime)))
  }

  const tell = (name, found) => {
    const problem = document.getElementById(`${name}-problem`)
    const hint = document.getElementById(`${name}-hint`)
    const wrong = found.some(({ level }) => level === 'error')
    problem.textContent = found.map(({ message }) => message).join(' ')
    problem.hidden = found.length === 0
    problem.className = wrong ? 'problem' : 'hint'
    if (hint !== null) hint.hidden = found.length > 0
    if (wrong) field(name).setAttribute('aria-invalid', 'true')
    else field(name).removeAttribute('aria-invalid')
  }

  const check = async () => {
    clearTimeout(waiting)
    const mine = ++asked
    const answer = await fetch(`${here}/check`, { method: 'POST', body: new URLSearchParams(new FormData(invoice)), headers: { 'accept-language': language } }).catch(() => undefined)
    // A newer question is under way, or nobody answered: sending the form says it.
    if (mine !== asked || !answer?.ok) return
    const { problems } = await answer.json()
    for (const name of fields) if (done.has(name)) tell(name, problems.filter(problem => problem.field === name))
  }

  // As long as it will get: it can be judged before the buyer leaves the field.
  const isWhole = ({ name, value }) => name === 'tax_id' ? kindOf(plain(value)) !== undefined || plain(value).length > 13 : name === 'postal_code' && plain(value).length === 5

  invoice.addEventListener('input', ({ target }) => {
    if (target.name === 'tax_id' || target.name === 'regime') narrow()
    if (isWhole(target)) done.add(target.name)
    if (!done.has(target.name)) return
    clearTimeout(waiting)
    waiting = setTimeout(() => { void check() }, pauseMs)
  })
  invoice.addEventListener('change', ({ target }) => {
    narrow()
    done.add(target.name)
    void check()
  })
  putBack()
  narrow()
}
