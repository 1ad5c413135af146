import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import type { SignedWebhook } from '../simulator.ts'
import type { ProviderEvent, RawWebhook, Verdict, WebhookScheme } from '../webhooks.ts'
import { check, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import type { Opened, Session } from './session.ts'

const hookUrl = 'https://hub.test/hooks/0123456789abcdef'
const eventTypes = ['payment', 'refund', 'dispute', 'dispute_named', 'checkout', 'subscription', 'saved_method', 'document', 'connection', 'ignored']

/** Makes something happen of which the provider tells, and says under which name. */
export type Happening = (session: Session, context: Opened) => Promise<{ providerReference: string, reference: string }>

/** Who may tell us what happened: only the provider, only now, only in its own words. */
export function webhookPromises (plan: Plan, happen: Happening): Draft[] {
  const { harness, transcript } = plan
  const { adapter } = harness
  const declared = adapter.manifest.webhooks
  if (adapter.webhooks === 'provider-has-none' || declared === null) return []
  const scheme: WebhookScheme = adapter.webhooks
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'webhooks', name, because, keep })
  const passes = declared.signs === 'body' ? ['verified'] : declared.signs === 'partial' ? ['verified', 'unverifiable'] : ['unverifiable']

  const verify = (session: Session, raw: RawWebhook, secrets: readonly string[], now = session.now()): Verdict => {
    const name = scheme.keyName?.(raw, session.mode)
    const key = name === undefined ? undefined : session.simulator.publishedKey?.(name)
    return scheme.verify({ ...raw, secrets, now, settings: session.open().settings, ...(key !== undefined && { key }) })
  }
  const passed = ({ verdict }: Verdict) => passes.includes(verdict)

  /** Something has happened, and here it is as the provider would tell it. */
  async function told (session: Session) {
    const context = session.open()
    const about = await happen(session, context)
    const [current, other] = await secretsOf(context)
    const sign = (secret: string, now = session.now()) => rawOf(session.simulator.signedWebhook({ secret, now }))
    return { context, about, current, other, sign, raw: sign(current.sign) }
  }

  promise('a true delivery passes', 'else nothing is ever known in time', async session => {
    const { raw, current } = await told(session)
    const verdict = verify(session, raw, [current.verify])
    check(passed(verdict) && verdict.verdict !== 'refused', `the verdict is ${shown(verdict)}, not ${passes.join(' or ')}`)
    check(verdict.dedupeKey && verdict.eventType, `it has no dedupeKey or no eventType: ${shown(verdict)}`)
  })

  promise('parse tells what happened, in our words', 'the rest of the hub knows no other', async session => {
    const { raw, about } = await told(session)
    const events = scheme.parse(raw)
    check(events.length > 0, 'parse gives no event')
    for (const event of events) check(eventTypes.includes(event.type), `${shown(event.type)} is not an event of ours`)
    const named = events.filter(event => 'providerReference' in event)
    check(named.some(event => event.providerReference === about.providerReference), `no event names ${about.providerReference}: ${shown(events)}`)
    check(named.every(event => !('reference' in event) || event.reference === undefined || event.reference === about.reference), 'an event carries the reference of something else')
    if (declared.signs !== 'body') check(events.every(carriesNothing), 'the body is not signed, so it may say what to look up and nothing else')
  })

  promise('a redelivery has the same dedupeKey, another event another', 'providers deliver at least once', async session => {
    const { context, raw, current, sign } = await told(session)
    const key = (from: RawWebhook, now?: Date) => {
      const verdict = verify(session, from, [current.verify], now)
      check(verdict.verdict !== 'refused', `refused: ${shown(verdict)}`)
      return verdict.dedupeKey
    }
    const later = new Date(session.now().getTime() + 5000)
    same(key(sign(current.sign, later), later), key(raw), 'dedupeKey of the same event, signed again')
    await happen(session, context)
    check(key(sign(current.sign)) !== key(raw), 'two events have one dedupeKey: the second would be lost')
  })

  promise('what arrives broken is refused, never thrown at', 'anyone can post to the URL', async session => {
    const { raw, current } = await told(session)
    const broken: RawWebhook[] = [
      { ...raw, headers: {}, body: new Uint8Array() }, { ...raw, body: Buffer.from('{') }, { ...raw, body: Buffer.from('null') },
      { ...raw, body: Buffer.from([0xff, 0xfe]) }, { ...raw, url: 'https://hub.test/' },
      ...Object.keys(raw.headers).map(name => ({ ...raw, headers: { ...raw.headers, [name]: '' } })),
      ...Object.keys(raw.headers).map(name => ({ ...raw, headers: { ...raw.headers, [name]: 't=,v1=;%%%' } }))
    ]
    for (const one of broken) {
      let verdict: Verdict
      try {
        verdict = verify(session, one, [current.verify])
      } catch (error) {
        check(false, `verify throws ${shown(error)} instead of refusing`)
        continue
      }
      if (declared.signs === 'body' && !Buffer.from(one.body).equals(Buffer.from(raw.body))) check(verdict.verdict === 'refused', `${shown(Buffer.from(one.body).toString())} is ${verdict.verdict}`)
    }
  })

  if (declared.signs !== 'none') {
    promise('without a secret nothing passes', 'an empty secret is known to everyone', async session => {
      const { raw, current, sign } = await told(session)
      for (const secrets of [[], [''], ['', '']]) check(verify(session, raw, secrets).verdict === 'refused', `with the secrets ${shown(secrets)} a delivery passes`)
      let forged: RawWebhook | undefined
      try {
        forged = sign('')
      } catch {} // a simulator may refuse to sign with nothing
      if (forged !== undefined) {
        for (const secrets of [[], [''], [current.verify], ['', current.verify]]) check(verify(session, forged, secrets).verdict === 'refused', `signed with the empty secret a delivery passes with the secrets ${shown(secrets.map(secret => secret === '' ? '' : '…'))}`)
      }
    })
    promise('another secret does not pass', 'the neighbour has one too', async session => {
      const { raw, other, sign, current } = await told(session)
      check(verify(session, raw, [other.verify]).verdict === 'refused', 'signed with one secret, verified with another, it passes')
      check(verify(session, sign(other.sign), [current.verify]).verdict === 'refused', 'signed with another secret it passes')
    })
    promise('during a rotation both secrets pass', 'events that were signed before it are still under way', async session => {
      const { current, other, sign } = await told(session)
      for (const [name, signed] of [['old', current], ['new', other]] as const) {
        for (const secrets of [[current.verify, other.verify], [other.verify, current.verify]]) check(passed(verify(session, sign(signed.sign), secrets)), `signed with the ${name} of two secrets it is refused`)
      }
    })
    promise('a delivery without its signature does not pass', 'a missing header is not a blank cheque', async session => {
      const { raw, current } = await told(session)
      check(verify(session, { ...raw, headers: {} }, [current.verify]).verdict === 'refused', 'without any header it passes')
      const signing = Object.keys(raw.headers).filter(name => verify(session, withoutHeader(raw, name), [current.verify]).verdict === 'refused')
      check(signing.length > 0, 'there is no header without which it is refused')
    })
    if (harness.webhooks?.timed !== false) {
      promise('a stale delivery does not pass', 'who recorded one cannot play it again tomorrow', async session => {
        const { raw, current } = await told(session)
        check(verify(session, raw, [current.verify], new Date(session.now().getTime() + 3_600_000)).verdict === 'refused', 'an hour later it passes')
      })
      promise('a changed timestamp does not pass', 'else what is stale is made fresh', async session => {
        const { raw, current } = await told(session)
        const moved = Object.entries(raw.headers).filter(([name, value]) => timestamp.test(value) && verify(session, withoutHeader(raw, name), [current.verify]).verdict === 'refused')
        check(moved.length > 0, 'no header that is needed carries a time; if the scheme signs none, the harness says webhooks.timed: false')
        for (const [name, value] of moved) {
          const later = value.replace(timestamp, digits => String(Number(digits) + 1))
          check(verify(session, { ...raw, headers: { ...raw.headers, [name]: later } }, [current.verify]).verdict === 'refused', `with ${name} one later it passes`)
        }
      })
    }
  }

  if (declared.signs === 'body') {
    promise('a changed byte does not pass', 'the signature covers all of the body', async session => {
      const { raw, current } = await told(session)
      for (const at of [0, raw.body.length >> 1, raw.body.length - 1]) {
        check(verify(session, { ...raw, body: flipped(raw.body, at, 1) }, [current.verify]).verdict === 'refused', `with byte ${at} changed it passes`)
      }
    })
    promise('of 300 random changes of what is signed none passes', 'parsers and encoders are lenient, signatures are not', async session => {
      const { raw, current } = await told(session)
      const spot = fc.integer({ min: 0, max: raw.body.length - 1 })
      const changed = fc.oneof(
        fc.tuple(spot, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => flipped(raw.body, at, mask)),
        fc.tuple(spot, fc.integer({ min: 0, max: 255 })).map(([at, byte]) => Buffer.concat([raw.body.subarray(0, at), Buffer.of(byte), raw.body.subarray(at)])),
        spot.map(at => Buffer.concat([raw.body.subarray(0, at), raw.body.subarray(at + 1)])),
        spot.map(at => raw.body.subarray(0, at)),
        fc.constantFrom(' ', '\n', '\0', '\uFEFF', '{}').map(more => Buffer.concat([raw.body, Buffer.from(more)])),
        fc.constantFrom(' ', '\n', '\uFEFF').map(more => Buffer.concat([Buffer.from(more), raw.body])),
        fc.uint8Array({ maxLength: 200 })
      ).filter(body => !Buffer.from(body).equals(Buffer.from(raw.body)))
      const times = Object.entries(raw.headers).filter(([name, value]) => timestamp.test(value) && verify(session, withoutHeader(raw, name), [current.verify]).verdict === 'refused')
      const moved = times.length === 0
        ? undefined
        : fc.tuple(fc.constantFrom(...times), fc.integer({ min: -200, max: 200 }).filter(by => by !== 0)).map(([[name, value], by]) => ({ ...raw, headers: { ...raw.headers, [name]: value.replace(timestamp, digits => String(Number(digits) + by)) } }))
      const forgeries: fc.Arbitrary<RawWebhook>[] = [changed.map(body => ({ ...raw, body })), ...moved === undefined ? [] : [moved]]
      fc.assert(fc.property(fc.oneof(...forgeries), forged => {
        check(verify(session, forged, [current.verify]).verdict === 'refused', `this passes: ${shown(forged)}`)
      }), { numRuns: 300, seed: 20_261_120, endOnFailure: true })
    })
  }

  const { register, unregister, provoke, acknowledge } = scheme
  if (register !== undefined) {
    promise('a webhook registered by API arrives and passes, and stops when it is unregistered', 'the wizard does it with one click', async session => {
      const inbox = await openInbox()
      try {
        const context = session.open()
        const { providerReference, secret = context.credentials[declared.secret] } = await register(context, { url: inbox.url, events: declared.events })
        check(providerReference, 'register() gives no providerReference')
        check(secret, `register() gives no secret and there is no credential ${declared.secret}`)
        transcript.secrets.add(secret)
        const about = await happen(session, context)
        await session.simulator.settled()
        check(inbox.received.length > 0, 'nothing arrived')
        for (const raw of inbox.received) check(passed(verify(session, raw, [secret])), `what arrived is ${shown(verify(session, raw, [secret]))}`)
        const events = inbox.received.flatMap(raw => scheme.parse(raw))
        check(events.some(event => 'providerReference' in event && event.providerReference === about.providerReference), `nothing of what arrived names ${about.providerReference}`)
        if (provoke !== undefined) {
          const before = inbox.received.length
          await provoke(context, providerReference)
          await session.simulator.settled()
          check(inbox.received.length > before, 'provoke() made nothing arrive')
          for (const raw of inbox.received.slice(before)) check(passed(verify(session, raw, [secret])), 'what provoke() made arrive does not pass')
        }
        if (unregister !== undefined) {
          await unregister(context, providerReference)
          const before = inbox.received.length
          await happen(session, context)
          await session.simulator.settled()
          same(inbox.received.length, before, 'deliveries after unregister()')
        }
      } finally {
        await inbox.close()
      }
    })
  }
  if (acknowledge !== undefined) {
    promise('the answer to a delivery says that it was received', 'else it is sent for ever', async session => {
      const { raw } = await told(session)
      const answer = acknowledge(raw)
      check(answer.status >= 200 && answer.status < 300, `it answers ${answer.status}`)
    })
  }
  return drafts

  async function secretsOf (context: Opened): Promise<[Secret, Secret]> {
    const [first, second] = harness.webhooks?.secrets ?? []
    if (first !== undefined && second !== undefined) return [first, second]
    let secret = context.credentials[declared!.secret]
    if (secret === undefined && register !== undefined) {
      const registered = await register(context, { url: 'http://127.0.0.1:9/', events: declared!.events })
      secret = registered.secret
    }
    check(secret, `neither simulator.credentials() nor register() gives ${declared!.secret}, and the harness names no webhooks.secrets`)
    transcript.secrets.add(secret)
    const other = neighbour(secret)
    return [{ sign: secret, verify: secret }, { sign: other, verify: other }]
  }
}

interface Secret { sign: string, verify: string }

/** Ten digits or more are a time here, in seconds or milliseconds. */
const timestamp = /(?<![0-9a-z])[0-9]{10,13}(?![0-9a-z])/i

function rawOf ({ headers, body, query }: SignedWebhook): RawWebhook {
  return {
    url: query === undefined ? hookUrl : `${hookUrl}?${query}`,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body
  }
}

function withoutHeader (raw: RawWebhook, name: string): RawWebhook {
  const { [name]: _, ...headers } = raw.headers
  return { ...raw, headers }
}

function flipped (body: Uint8Array, at: number, mask: number): Uint8Array {
  return Uint8Array.from(body, (byte, index) => index === at ? byte ^ mask : byte)
}

/** Of the same shape, and another. */
function neighbour (secret: string): string {
  return secret.slice(0, -8) + secret.slice(-8).replace(/[0-9a-f]/gi, letter => letter === '0' ? '1' : '0').replace(/[g-z]/gi, letter => letter === 'g' ? 'h' : 'g')
}

function carriesNothing (event: ProviderEvent): boolean {
  return event.type !== 'refund' && event.type !== 'dispute' && !('snapshot' in event && event.snapshot !== undefined) && !('cycle' in event && event.cycle !== undefined)
}

/** Where deliveries arrive: a true HTTP server. */
async function openInbox (): Promise<{ url: string, received: RawWebhook[], close: () => Promise<void> }> {
  const received: RawWebhook[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.push({ url: `http://${request.headers.host ?? ''}${request.url ?? ''}`, headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])), body: Buffer.concat(chunks) })
    response.end()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/0123456789abcdef`,
    received,
    close: () => new Promise(resolve => { server.close(() => resolve()); server.closeAllConnections() })
  }
}
