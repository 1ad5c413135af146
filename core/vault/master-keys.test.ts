import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { generateMasterKey, parseMasterKeys } from './master-keys.ts'

t.test('the first key listed is the current one and all of them are found', async t => {
  const ring = parseMasterKeys(`${generateMasterKey('k2')}, ${generateMasterKey('k1')}`)
  t.equal(ring.current.id, 'k2')
  t.same([...ring.byId.keys()], ['k2', 'k1'])
  t.not(ring.byId.get('k2'), ring.byId.get('k1'))
})

t.test('both base64 alphabets, with or without padding, are the same key', async t => {
  const bytes = Buffer.concat([Buffer.from([0xfb, 0xff, 0xfe]), randomBytes(29)])
  for (const text of [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('base64').replace(/=+$/, '')]) {
    t.same(parseMasterKeys(`k:${text}`).current.key.export(), bytes)
  }
})

t.test('a wrong list is refused with its place and reason, and without the key', async t => {
  const good = generateMasterKey('k1')
  const secret = good.slice(3)
  const cases: Array<[string, RegExp]> = [
    ['', /entry 1 .*is empty/],
    [`${good},`, /entry 2 .*is empty/],
    [secret, /entry 1 .*has no colon/],
    [`:${secret}`, /entry 1 .*has an id/],
    [`${secret}:k1`, /entry 1 .*has an id/],
    [`${'x'.repeat(33)}:${secret}`, /entry 1 .*has an id/],
    [`${good},k2:${secret.slice(0, 20)}!${secret.slice(21)}`, /entry 2 .*not base64/],
    [`k1:${secret.slice(0, -2)}`, /entry 1 .*(not base64|31 bytes)/],
    [`k1:${randomBytes(31).toString('base64')}`, /entry 1 .*31 bytes long: expected 32/],
    [`k1:${randomBytes(33).toString('base64')}`, /entry 1 .*33 bytes long/],
    ['k1:', /entry 1 .*0 bytes long/],
    [`k1:${Buffer.alloc(32).toString('base64')}`, /one byte repeated/],
    [`${good},${generateMasterKey('k3')},${generateMasterKey('k1')}`, /entries 1 and 3 .*same id/],
    [`${good},k2:${secret}`, /entries 1 and 2 .*same key/]
  ]
  for (const [text, message] of cases) {
    try {
      parseMasterKeys(text)
      t.fail(`should refuse for ${message.source}`)
    } catch (error) {
      t.match((error as Error).message, message)
      t.notOk((error as Error).message.includes(secret.slice(0, 12)), 'the message does not hold the key')
    }
  }
  t.throws(() => generateMasterKey('a b'), /id of a master key/)
})

t.test('whatever the text is, the error does not repeat it', async () => {
  fc.assert(fc.property(fc.string({ minLength: 40 }), text => {
    try {
      parseMasterKeys(text)
    } catch (error) {
      return !(error as Error).message.includes(text.slice(0, 20))
    }
  }))
})

t.test('a keyring that is logged shows no key', async t => {
  const text = generateMasterKey('k1')
  const ring = parseMasterKeys(text)
  const bytes = ring.current.key.export()
  for (const shown of [JSON.stringify({ ...ring, all: [...ring.byId.values()] }), inspect(ring, { depth: 9, showHidden: true })]) {
    t.notOk(shown.includes(text.slice(3, 15)))
    t.notOk(shown.includes(bytes.toString('hex').slice(0, 8)))
  }
})
