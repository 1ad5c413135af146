import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Adapter } from '../adapter/define.ts'
import { closeHttpAgents } from '../adapter/http-client.ts'
import type { RawWebhook } from '../adapter/webhooks.ts'
import { createPublishedKeys } from './published-keys.ts'

t.teardown(() => { closeHttpAgents() })

type Answer = (path: string) => string | undefined | Promise<string | undefined>

/** A provider that publishes its keys, an adapter that reads them there, and a clock. */
async function world (t: { teardown: (end: () => unknown) => void }, answer: Answer = path => `key of ${path}`) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    void (async () => await answer(request.url!))().then(key => { response.writeHead(key === undefined ? 404 : 200).end(key ?? '') })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise(resolve => { server.close(resolve); server.closeAllConnections() }))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const redirected: boolean[] = []
  const webhooks: object = {
    keyName: ({ headers }: RawWebhook, mode: string) => headers.key === undefined ? undefined : `/${mode}/${headers.key}`,
    fetchKey: async (source: { redirected: boolean, origin: (which?: string) => string, http: (request: object) => Promise<{ status: number, body: Uint8Array }> }, name: string) => {
      redirected.push(source.redirected)
      const { status, body } = await source.http({ method: 'GET', url: source.origin('certificates') + name })
      if (status !== 200) throw new Error('no key')
      return Buffer.from(body).toString()
    }
  }
  const made = (id: string, more: object = {}) => ({ manifest: { id, base_urls: { test: { api: url, certificates: url }, live: { api: url, certificates: url } } }, webhooks, ...more }) as unknown as Adapter
  let at = Date.parse('2026-11-21T10:00:00Z')
  const keys = createPublishedKeys({ providerUrls: { elsewhere: url }, now: () => new Date(at) })
  return { asked, url, redirected, made, keys, advance: (ms: number) => { at += ms }, raw: (key?: string): RawWebhook => ({ url: '', body: new Uint8Array(), headers: key === undefined ? {} : { key } }) }
}

t.test('a key is read once, kept for hours, and read again', async t => {
  const { keys, made, raw, asked, advance } = await world(t)
  const adapter = made('pal')
  t.equal(await keys.of(adapter, 'test', raw('a')), 'key of /test/a')
  t.same(await Promise.all([keys.of(adapter, 'test', raw('a')), keys.of(adapter, 'test', raw('a'))]), ['key of /test/a', 'key of /test/a'])
  t.same(asked, ['/test/a'])
  advance(5 * 3_600_000)
  await keys.of(adapter, 'test', raw('a'))
  t.equal(asked.length, 1, 'five hours later it is known')
  advance(3_600_001)
  await keys.of(adapter, 'test', raw('a'))
  t.equal(asked.length, 2, 'six hours later it may have been withdrawn')
})

t.test('a key of one adapter, mode or name is none of another', async t => {
  const { keys, made, raw, asked } = await world(t)
  const told = [await keys.of(made('pal'), 'test', raw('a')), await keys.of(made('pal'), 'live', raw('a')), await keys.of(made('pal'), 'test', raw('b')), await keys.of(made('other'), 'test', raw('a'))]
  t.same(told, ['key of /test/a', 'key of /live/a', 'key of /test/b', 'key of /test/a'])
  t.same(asked, ['/test/a', '/live/a', '/test/b', '/test/a'])
})

t.test('who asks for the same key at once waits for the same answer', async t => {
  let release: (key: string) => void = () => {}
  const held = new Promise<string>(resolve => { release = resolve })
  const { keys, made, raw, asked } = await world(t, async () => await held)
  const burst = Array.from({ length: 20 }, async () => await keys.of(made('pal'), 'test', raw('a')))
  release('the key')
  t.same(new Set(await Promise.all(burst)), new Set(['the key']))
  t.equal(asked.length, 1)
})

t.test('names are chosen by whoever calls: four are read at a time, the rest is refused and comes again', async t => {
  let release: (key: string) => void = () => {}
  const held = new Promise<string>(resolve => { release = resolve })
  const { keys, made, raw, asked } = await world(t, async () => await held)
  const burst = Array.from({ length: 30 }, async (_, n) => await keys.of(made('pal'), 'test', raw(`n${n}`)))
  t.equal(await burst[4], undefined, 'at once, without waiting')
  release('the key')
  t.equal((await Promise.all(burst)).filter(key => key === 'the key').length, 4)
  t.equal(asked.length, 4)
  t.equal(await keys.of(made('pal'), 'test', raw('n29')), 'the key', 'afterwards there is room')
})

t.test('what could not be had is undefined, and is not asked for again at once', async t => {
  let there = false
  const { keys, made, raw, asked, advance } = await world(t, () => there ? 'the key' : undefined)
  t.equal(await keys.of(made('pal'), 'test', raw('a')), undefined, 'it never throws')
  there = true
  t.equal(await keys.of(made('pal'), 'test', raw('a')), undefined)
  t.equal(asked.length, 1, 'the same delivery again does not reach the provider')
  advance(30_001)
  t.equal(await keys.of(made('pal'), 'test', raw('a')), 'the key', 'half a minute later it does')
})

t.test('a provider that is away costs a delivery, not the process', async t => {
  const { made, raw } = await world(t)
  const keys = createPublishedKeys({ providerUrls: { pal: 'http://127.0.0.1:9' }, now: () => new Date() })
  t.equal(await keys.of(made('pal'), 'test', raw('a')), undefined)
})

t.test('many names do not grow the memory without end, and none of them is wrong afterwards', async t => {
  const { keys, made, raw, asked } = await world(t)
  for (let n = 0; n < 501; n++) await keys.of(made('pal'), 'test', raw(`n${n}`))
  t.equal(await keys.of(made('pal'), 'test', raw('n500')), 'key of /test/n500')
  t.equal(asked.length, 501, 'the newest is known')
  t.equal(await keys.of(made('pal'), 'test', raw('n0')), 'key of /test/n0')
  t.equal(asked.length, 502, 'the oldest is read again')
})

t.test('it is read from the provider’s own origin, or from where the operator points, which the adapter is told', async t => {
  const { keys, made, raw, redirected, asked } = await world(t)
  const nowhere = { base_urls: { test: { api: 'http://127.0.0.1:9', certificates: 'http://127.0.0.1:9' } } }
  t.equal(await keys.of(made('elsewhere', { manifest: { id: 'elsewhere', ...nowhere } }), 'test', raw('a')), 'key of /test/a')
  await keys.of(made('pal'), 'test', raw('a'))
  t.same(redirected, [true, false])
  t.equal(await keys.of(made('pal', { manifest: { id: 'pal', base_urls: { test: { api: 'http://127.0.0.1:9' } } } }), 'test', raw('z')), undefined, 'an origin that is not declared is no origin')
  const sly = { keyName: () => '/x', fetchKey: async ({ http }: { http: (request: object) => Promise<{ body: Uint8Array }> }) => Buffer.from((await http({ method: 'GET', url: 'http://127.0.0.1:1/evil' })).body).toString() }
  t.equal(await keys.of(made('sly', { webhooks: sly }), 'test', raw('a')), undefined, 'and no other can be reached')
  t.equal(asked.length, 2)
})

t.test('where nothing is named or published, nothing is fetched', async t => {
  const { keys, made, raw, asked } = await world(t)
  t.equal(await keys.of(made('pal'), 'test', raw()), undefined, 'the delivery names none')
  t.equal(await keys.of(made('quiet', { webhooks: 'provider-has-none' }), 'test', raw('a')), undefined)
  t.equal(await keys.of(made('secret', { webhooks: {} }), 'test', raw('a')), undefined)
  t.equal(await keys.of(made('half', { webhooks: { keyName: () => '/a' } }), 'test', raw('a')), undefined)
  t.equal(asked.length, 0)
})
