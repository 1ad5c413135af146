import { isProviderError } from '../problems.ts'
import type { HttpExchange } from '../http-client.ts'
import { check, same } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import type { Happening } from './webhooks.ts'

/** What is kept of a conversation with a provider holds nothing that opens a door. Runs last: it looks at all that was said. */
export function secrecyPromises ({ harness, transcript }: Plan, happen: Happening): Draft[] {
  const { adapter } = harness
  const { properties } = adapter.manifest.credentials
  const secretsAmong = (credentials: Record<string, string>) => Object.entries(credentials).filter(([name, value]) => properties[name]?.secret !== false && value.length > 3)

  const talk: Draft['keep'] = async session => {
    const context = session.open()
    await adapter.test(context).catch(() => {})
    await adapter.test(session.open({ credentials: session.simulator.wrongCredentials(session.mode) })).catch(() => {})
    await happen(session, context).catch(() => {})
  }

  return [{
    promise: 'secrecy',
    name: 'scrub leaves no secret in any exchange of the whole suite',
    because: 'exchanges are kept, and support staff read them',
    async keep (session) {
      await talk(session)
      check(transcript.exchanges.length > 0, 'nothing was said to the provider')
      for (const { exchange, credentials } of transcript.exchanges) {
        const text = transcriptOf(exchange)
        const scrubbed = adapter.scrub(text, credentials)
        const where = `${exchange.method} ${new URL(exchange.url).pathname}`
        for (const [name, value] of secretsAmong(credentials)) {
          for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) check(!scrubbed.includes(form), `${where}: the credential ${name} is still there`)
          for (const decoded of decodedIn(scrubbed)) check(!decoded.includes(value), `${where}: the credential ${name} is still there in base64`)
        }
        for (const secret of [...transcript.secrets, ...secretsOfAnswer(exchange)]) check(!scrubbed.includes(secret), `${where}: a secret that the provider answered is still there (${secret.slice(0, 6)}…)`)
      }
    }
  }, {
    promise: 'secrecy',
    name: 'scrub leaves the rest, and a second time changes nothing',
    because: 'support staff must still see what was said',
    async keep (session) {
      const context = session.open()
      const { providerReference } = await happen(session, context)
      const packed = harness.invoicing?.packed === true
      const exchange = context.exchanges.find(({ responseBody }) => responseBody !== undefined && (packed || Buffer.from(responseBody).includes(providerReference)))
      check(exchange, `no answer names ${providerReference}`)
      const scrubbed = adapter.scrub(transcriptOf(exchange), context.credentials)
      check(packed || scrubbed.includes(providerReference), `the provider's own id ${providerReference} is gone`)
      check(scrubbed.length > transcriptOf(exchange).length / 3, 'most of the exchange is gone')
      same(adapter.scrub(scrubbed, context.credentials), scrubbed, 'scrubbed twice')
      same(adapter.scrub('nothing to hide', {}), 'nothing to hide', 'a text without secrets, of a connection without credentials')
    }
  }, {
    promise: 'secrecy',
    name: 'no log line and no error of the suite shows a credential',
    because: 'logs travel further than databases',
    async keep (session) {
      await talk(session)
      for (const { line, credentials } of transcript.logLines) {
        for (const [name, value] of secretsAmong(credentials)) check(!line.includes(value), `a log line shows the credential ${name}`)
      }
      for (const { exchange, credentials } of transcript.exchanges) {
        if (!isProviderError(exchange.error)) continue
        for (const [name, value] of secretsAmong(credentials)) check(!JSON.stringify([exchange.error.message, exchange.error.providerMessage]).includes(value), `an error shows the credential ${name}`)
      }
    }
  }]
}

function transcriptOf (exchange: HttpExchange): string {
  const lines = (headers: Record<string, string> = {}) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\n')
  const text = (body: string | Uint8Array | undefined) => body === undefined ? '' : typeof body === 'string' ? body : Buffer.from(body).toString()
  return `${exchange.method} ${exchange.url}\n${lines(exchange.requestHeaders)}\n\n${text(exchange.requestBody)}\n\n${exchange.status ?? ''}\n${lines(exchange.responseHeaders)}\n\n${text(exchange.responseBody)}`
}

/** Whatever is base64 in it, decoded: `Authorization: Basic` hides nothing. */
function decodedIn (text: string): string[] {
  return (text.match(/[a-z0-9+/_-]{12,}={0,2}/gi) ?? []).map(token => Buffer.from(token, 'base64').toString('latin1'))
}

/** Told by the name of the field, so that the suite does not depend on the adapter's own idea. */
function secretsOfAnswer ({ responseBody }: HttpExchange): string[] {
  const found: string[] = []
  const walk = (value: unknown, name: string): void => {
    if (typeof value === 'string' && value.length >= 8 && /(^|_)(secret|password|access_token|refresh_token|private_key)$/i.test(name)) found.push(value)
    if (typeof value === 'object' && value !== null) for (const [inner, child] of Object.entries(value)) walk(child, inner)
  }
  try {
    walk(JSON.parse(Buffer.from(responseBody ?? []).toString()), '')
  } catch {} // not JSON: the credentials are looked for all the same
  return found
}
