import { type Command, Refused, text, UsageError } from './command.ts'

export const listen: Command = {
  name: 'listen',
  group: 'Webhooks',
  summary: 'Forward a tenant’s events to a program on this machine',
  about: [
    'For development: what happens in the tenant and mode of the key is sent to your own machine, signed as Pasarela signs webhooks, with a secret that is printed at the start. No endpoint has to be made and no port opened: it connects to the server, and to nothing else but the address that you give.',
    'It keeps its secret and its place in a file (--state). Started again it goes on where it was: what happened meanwhile is forwarded first. An event may come twice; its id tells.',
    'A delivery that is not answered 2xx is tried three times in all, and told. It ends with Ctrl-C.'
  ],
  options: {
    'forward-to': { value: 'URL', help: 'where events are posted to, such as http://localhost:3000/hooks', required: true },
    url: { value: 'URL', help: 'of the server; PASARELA_URL, or http://localhost:3000, when left out' },
    'key-file': { value: 'FILE', help: 'file with an API key that has events:read; PASARELA_KEY when left out' },
    types: { value: 'TYPES', help: 'only these, with commas between: payment.*,invoice.issued' },
    since: { value: 'TIME', help: 'on the first start also what happened since then (ISO 8601); from now on when left out' },
    tenant: { value: 'ten_…', help: 'with a partner’s key: whose events' },
    state: { value: 'FILE', help: 'where its secret and its place are kept; .pasarela-listen.json when left out' },
    once: { help: 'forward what is waiting, and end' }
  },
  examples: [
    { line: 'listen --forward-to http://localhost:3000/hooks', what: 'everything' },
    { line: 'listen --forward-to http://localhost:3000/hooks --types payment.*,refund.*', what: 'money only' }
  ],
  run: async call => {
    const [{ readFileSync }, { createForwarder, loadState }, { createClient }] = await Promise.all([import('node:fs'), import('./forward-events.ts'), import('@pasarela/client')])
    const target = address(text(call, 'forward-to')!, 'forward-to')
    const server = address(text(call, 'url') ?? call.env.PASARELA_URL ?? 'http://localhost:3000', 'url')
    const keyFile = text(call, 'key-file')
    const key = keyFile === undefined ? call.env.PASARELA_KEY : readFileSync(keyFile, 'utf8').trim()
    if (key === undefined || key === '') throw new UsageError('there is no key: --key-file FILE, or PASARELA_KEY')
    const types = text(call, 'types')?.split(',').map(type => type.trim())
    const wrong = types?.find(type => !/^[a-z_]+\.([a-z_.]+|\*)$/.test(type))
    if (wrong !== undefined) throw new UsageError(`--types: ${wrong} is no type; payment.succeeded and payment.* are`)
    const since = text(call, 'since')
    if (since !== undefined && Number.isNaN(Date.parse(since))) throw new UsageError('--since is no time; 2026-11-21T00:00:00Z is')
    const tenant = text(call, 'tenant')

    const state = loadState(text(call, 'state') ?? '.pasarela-listen.json', { server: server.origin, key, tenant })
    const client = createClient({ url: server.href.replace(/\/$/, ''), key, ...(tenant !== undefined && { tenant }) })
    const forwarder = createForwarder({ client, target: target.href, types, state, out: call.out })
    call.out.say(`Your webhook secret is ${state.secret}`)
    call.out.note(`${server.origin} → ${target.href}`)

    const stop = new AbortController()
    const end = (): void => { stop.abort() }
    process.once('SIGINT', end).once('SIGTERM', end)
    try {
      await forwarder.begin(since === undefined ? undefined : new Date(since))
      if (call.values.once === true) return await forwarder.catchUp(stop.signal)
      for await (const change of client.changes({ signal: stop.signal, ...(types !== undefined && { types }) })) {
        if (change.event === undefined) await forwarder.catchUp(stop.signal)
        else await forwarder.forward(change.event, stop.signal)
      }
      return 0
    } catch (error) {
      if (stop.signal.aborted) return 0
      const { code, message } = error as { code?: string, message?: string }
      throw code === undefined ? error : new Refused(`${server.origin} does not let this key listen (${code}): ${message ?? ''}`)
    } finally {
      process.removeListener('SIGINT', end).removeListener('SIGTERM', end)
    }
  }
}

function address (given: string, option: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new UsageError(`--${option} must be an http or https URL`)
  return url
}
