import type { Mode } from '../context.ts'
import { contractProblems } from '../define.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'

/** The manifest, the credentials and `test`: what every adapter owes, whatever its family. */
export function contractPromises ({ harness }: Plan): Draft[] {
  const { adapter } = harness
  const { manifest } = adapter
  const isRead = harness.reads ?? (exchange => ['GET', 'HEAD'].includes(exchange.method))
  // An authority that knows its taxpayers by their signatures has no accounts: then nothing opens, and nothing can be wrong.
  const hasAccount = Object.keys(manifest.credentials.properties).length > 0
  const drafts: Draft[] = [{
    promise: 'contract',
    name: 'the adapter keeps the contract that it is loaded under',
    because: 'the hub refuses to start with one that does not',
    async keep () {
      same(contractProblems(adapter), [], 'defineAdapter has nothing to say')
    }
  }, {
    promise: 'contract',
    name: 'the manifest is data',
    because: 'it is served by the API and printed in the docs',
    async keep () {
      same(JSON.parse(JSON.stringify(manifest)), manifest, 'the manifest survives JSON')
    }
  }, {
    promise: 'contract',
    name: 'every text is there in both languages',
    because: 'people read it in the wizard',
    async keep () {
      for (const [where, text] of textsOf(manifest, 'manifest')) {
        for (const language of ['es', 'en'] as const) check(text[language].trim() !== '' && !/\b(TODO|FIXME)\b/.test(text[language]), `${where}.${language} is not written yet`)
      }
    }
  }, {
    promise: 'contract',
    name: 'sources are dated',
    because: 'a provider changes its rules, and someone must know when they were last read',
    async keep ({ now }) {
      for (const source of manifest.sources) {
        const read = Date.parse(source.read_on)
        check(!Number.isNaN(read) && read <= now().getTime() + 86_400_000, `${source.url} was read on ${source.read_on}, which is not a day in the past`)
        check(!/example\.(com|org)|\btodo\b/i.test(source.url), `${source.url} is no source`)
      }
    }
  }, {
    promise: 'contract',
    name: 'the form and its patterns accept true credentials and nothing else',
    because: 'a pattern that is too narrow locks a tenant out, and a field that nobody declared is never masked',
    async keep ({ simulator }) {
      for (const mode of manifest.modes) {
        const given = simulator.credentials(mode)
        for (const name of manifest.credentials.required) check(name in given, `simulator.credentials('${mode}') has no ${name}, which the form requires`)
        for (const [name, value] of Object.entries(given)) {
          const field = manifest.credentials.properties[name]
          check(field, `simulator.credentials('${mode}') has ${name}, which is not a field of the form`)
          check(field.pattern === undefined || new RegExp(field.pattern, 'u').test(value), `the pattern of ${name} refuses a true credential of ${mode} mode`)
          check(value.length >= (field.minLength ?? 0) && value.length <= (field.maxLength ?? Infinity), `the length of ${name} refuses a true credential`)
          check(field.pattern === undefined || !new RegExp(field.pattern, 'u').test(`${value}\n${value}`), `the pattern of ${name} is not anchored: it accepts two lines`)
        }
      }
      check(!hasAccount || Object.values(manifest.credentials.properties).some(field => field.secret), 'no credential is secret')
    }
  }, {
    promise: 'mode',
    name: 'the mode is told from the credentials, and never wrongly',
    because: 'a live key pasted into a test connection takes real money',
    async keep ({ simulator }) {
      const saysNothing = adapter.detectMode({})
      same(saysNothing, undefined, 'no credentials say no mode')
      const whole = new Map<Mode, Record<string, string>>(manifest.modes.map(mode => [mode, simulator.credentials(mode)]))
      for (const [mode, given] of whole) {
        const detected = adapter.detectMode(given)
        check(detected === mode || detected === undefined, `credentials of ${mode} mode are taken for ${shown(detected)}`)
      }
      const test = whole.get('test') ?? {}
      const live = whole.get('live') ?? {}
      for (const a of Object.keys(test)) {
        for (const b of Object.keys(live)) {
          const tells = adapter.detectMode({ [a]: test[a] as string }) === 'test' && adapter.detectMode({ [b]: live[b] as string }) === 'live'
          if (a !== b && tells) same(adapter.detectMode({ [a]: test[a] as string, [b]: live[b] as string }), 'contradictory', `${a} of test mode with ${b} of live mode`)
        }
      }
    }
  }]

  for (const mode of manifest.modes) {
    drafts.push({
      promise: 'credentials',
      name: `test() recognises good credentials (${mode})`,
      because: 'the wizard says who was recognised',
      async keep ({ open }) {
        const proof = await adapter.test(open({ mode }))
        check(proof.account.id, 'test() names no account')
        same(proof.mode, mode, 'the mode that was proved')
        check(proof.evidence.length > 0 && proof.evidence.every(({ es, en }) => es.trim() !== '' && en.trim() !== ''), 'test() shows no evidence in both languages')
      }
    })
    if (!hasAccount) continue
    drafts.push({
      promise: 'credentials',
      name: `test() refuses wrong credentials (${mode})`,
      because: 'a connection that was never proved would fail in front of a payer',
      async keep ({ open, simulator }) {
        const error = await refusal(adapter.test(open({ mode, credentials: simulator.wrongCredentials(mode) })), 'test() with wrong credentials')
        reached(error, ['answered'], 'the provider answered')
        check(error.code === 'invalid_credentials' || error.code === 'permission_denied', `wrong credentials are told as ${error.code}`)
      }
    })
  }
  if (manifest.modes.includes('live')) {
    drafts.push({
      promise: 'credentials',
      name: 'test() only reads in live mode',
      because: 'looking at a connection must not touch the money of a shop',
      async keep ({ open }) {
        const context = open({ mode: 'live' })
        await adapter.test(context)
        check(context.exchanges.length > 0, 'test() asked the provider nothing, so it proves nothing')
        for (const exchange of context.exchanges) check(isRead(exchange), `test() in live mode sends ${exchange.method} ${new URL(exchange.url).pathname}`)
      }
    })
  }
  drafts.push({
    promise: 'credentials',
    name: 'test() tells an outage from a refusal',
    because: 'credentials are not wrong because the provider is down',
    async keep ({ open, simulator }) {
      simulator.inject({ kind: 'error_500_before', times: 20 })
      const error = await refusal(adapter.test(open()), 'test() while the provider fails')
      check(error.code !== 'invalid_credentials', 'an outage is told as invalid_credentials')
      reached(error, ['unknown', 'nowhere'], 'nobody was asked')
      simulator.clearFaults()
    }
  })
  return drafts
}

type Text = Record<'es' | 'en', string>

function * textsOf (value: unknown, where: string): Generator<[string, Text]> {
  if (typeof value !== 'object' || value === null) return
  if ('es' in value && 'en' in value && typeof value.es === 'string' && typeof value.en === 'string') return yield [where, value as Text]
  for (const [name, inner] of Object.entries(value)) yield * textsOf(inner, `${where}.${name}`)
}
