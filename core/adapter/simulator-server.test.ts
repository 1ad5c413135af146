import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { Fault } from './simulator.ts'
import { createDeliveries, serveSimulator } from './simulator-server.ts'

async function started (t: Test) {
  const done: string[] = []
  const server = await serveSimulator(({ method, url, body }) => {
    done.push(`${method} ${url.pathname} ${body}`)
    return { status: 201, headers: { 'content-type': 'application/json' }, body: '{"done":true}' }
  })
  t.teardown(() => server.close())
  const ask = async (path = '/', method = 'POST') => {
    try {
      const response = await fetch(server.url + path, { method, body: method === 'POST' ? 'x' : undefined })
      return { status: response.status, after: response.headers.get('retry-after'), body: await response.text() }
    } catch {
      return 'cut'
    }
  }
  return { server, done, ask }
}

const met: Record<Fault['kind'], { acted: boolean, seen: unknown }> = {
  refuse_connection: { acted: false, seen: 'cut' },
  cut_before: { acted: false, seen: 'cut' },
  cut_after: { acted: true, seen: 'cut' },
  cut_mid_body: { acted: true, seen: 'cut' },
  garbage: { acted: true, seen: { status: 200, body: /html/ } },
  error_500: { acted: true, seen: { status: 502 } },
  error_500_before: { acted: false, seen: { status: 500 } },
  rate_limit: { acted: false, seen: { status: 429, after: '2' } },
  slow: { acted: true, seen: { status: 201, body: '{"done":true}' } }
}

for (const [kind, { acted, seen }] of Object.entries(met) as [Fault['kind'], (typeof met)[Fault['kind']]][]) {
  t.test(`${kind}: the work is ${acted ? 'done' : 'not done'}, once, and then all is well`, async t => {
    const { server, done, ask } = await started(t)
    server.inject({ kind, ms: 1 })
    t.match(await ask(), seen)
    t.equal(done.length, acted ? 1 : 0)
    t.match(await ask(), { status: 201, body: '{"done":true}' })
  })
}

t.test('a fault strikes what it names, as often as it says', async t => {
  const { server, ask } = await started(t)
  server.inject({ kind: 'rate_limit', method: 'POST', path: '/pay', times: 2 })
  t.match(await ask('/pay', 'GET'), { status: 201 })
  t.match(await ask('/other'), { status: 201 })
  t.match(await ask('/payments/1'), { status: 429 })
  t.match(await ask('/pay'), { status: 429 })
  t.match(await ask('/pay'), { status: 201 })
  server.inject({ kind: 'rate_limit', times: 100 })
  server.clearFaults()
  t.match(await ask(), { status: 201 })
})

t.test('deliveries leave as they are told', async t => {
  const received: string[] = []
  const inbox = createServer(async (request, response) => {
    for await (const chunk of request) received.push(String(chunk))
    response.end()
  })
  await new Promise<void>(resolve => inbox.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => inbox.close(resolve)))
  const deliveries = createDeliveries()
  const url = `http://127.0.0.1:${(inbox.address() as AddressInfo).port}`
  const send = (...bodies: string[]) => bodies.forEach(body => deliveries.send(() => ({ url, headers: { connection: 'close' }, body })))
  const arrived = async () => {
    await deliveries.settled()
    return received.splice(0)
  }

  send('1')
  t.same(await arrived(), ['1'])
  deliveries.deliver({ how: 'duplicate' })
  send('2')
  t.same(await arrived(), ['2', '2'])
  deliveries.deliver({ how: 'hold' })
  send('3', '4')
  t.same(await arrived(), [], 'held')
  deliveries.deliver({ how: 'release' })
  t.same(await arrived(), ['3', '4'])
  const shuffled = async (seed: number) => {
    deliveries.deliver({ how: 'shuffle', seed })
    send(...'abcdefgh')
    deliveries.deliver({ how: 'release' })
    return (await arrived()).join('')
  }
  const once = await shuffled(7)
  t.equal(once.split('').sort().join(''), 'abcdefgh')
  t.not(once, 'abcdefgh')
  t.equal(await shuffled(7), once, 'the same seed, the same order')
  send('5')
  t.same(await arrived(), ['5'], 'after a release they leave as they happen')
  deliveries.close()
  send('6')
  t.same(await arrived(), [])
})
