/** The sign of a confirmation, and of the response page: by the published vectors, and against 2,000 changes of what is signed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import payu from './adapter.ts'
import { confirmationSignature, confirmedValue, type Digest, digests, refusalReason, requestSignature, responseSignature, roundedValue } from './signature.ts'

const { webhooks } = payu
const apiKey = '4Vj8eK4rloUd272L48hsrarnUA'
const merchantId = '508029'
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const fields = { merchant_id: merchantId, state_pol: '4', reference_sale: 'TestPayU05', reference_pol: '1400446409', transaction_id: '596ccd26-ccb6-431c-974c-4ddc8bce6d7e', value: '150.26', currency: 'USD', attempts: '1' }
const signOf = (of: typeof fields, digest: Digest = 'md5', key = apiKey) => confirmationSignature(key, { merchantId: of.merchant_id, referenceCode: of.reference_sale, value: of.value, currency: of.currency, state: of.state_pol }, digest)
const raw = (body: string, headers: Record<string, string> = form) => ({ url: 'https://hub.test/hooks/1', body: Buffer.from(body), headers })
const verify = (body: string, { secrets = [apiKey], settings = {}, headers = form }: { secrets?: string[], settings?: object, headers?: Record<string, string> } = {}) =>
  webhooks.verify({ ...raw(body, headers), secrets, now: new Date(), settings: { ...settings } })
const signed = (of = fields, digest: Digest = 'md5') => new URLSearchParams({ ...of, sign: signOf(of, digest) }).toString()

t.test('the vectors of the documentation', async t => {
  const request = (referenceCode: string, amount: string, currency: string, digest: Digest = 'md5') => requestSignature(apiKey, { merchantId, referenceCode, amount, currency }, digest)
  t.equal(request('TestPayU', '20000', 'COP'), '7ee7cf808ce6a39b17481c54f2c57acc')
  t.equal(request('PRODUCT_TEST_2021-06-22T17:33:42.775Z', '1000', 'MXN'), '6fd48e7150c652833866799a3fbf87bb')
  const confirmed = (referenceCode: string, value: string, state: string) => confirmationSignature(apiKey, { merchantId, referenceCode, value, currency: 'USD', state })
  t.equal(confirmed('TestPayU05', '150.26', '4'), '1d95778a651e11a0ab93c2169a519cd6')
  t.equal(confirmed('TestPayU04', '150.00', '4'), 'b607a2c2fa100e0947b206d41864fb86')
  t.equal(confirmed('TestPayU04', '150.00', '6'), 'df67936f918887b2aa31688a77a10fe1')
  const page = (value: string) => responseSignature(apiKey, { merchantId, referenceCode: 'TestPayU04', value, currency: 'USD', state: '6' })
  t.equal(page('150.25'), '00286dc735bd9eaa8ae3a3a4cbb40688')
  t.equal(page('150.35'), '9df2bb60e2838170009040982967923f')
})

const vectors = join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
t.test('the vectors of the data directory, all of them', { skip: !existsSync(vectors) && 'no PASARELA_ORACLE_DATA' }, async t => {
  const { payu: told } = JSON.parse(readFileSync(vectors, 'utf8')) as any
  for (const { ref, amount, currency, ...hashes } of told.request_md5) {
    for (const digest of digests) if (hashes[digest] !== undefined) t.equal(requestSignature(told.api_key, { merchantId: told.merchant_id, referenceCode: ref, amount, currency }, digest), hashes[digest], `${ref} ${digest}`)
  }
  for (const { ref, value, new_value: rounded, currency, state_pol: state, sign } of told.confirmation_md5) {
    t.equal(confirmedValue(value), rounded)
    t.equal(confirmationSignature(told.api_key, { merchantId: told.merchant_id, referenceCode: ref, value, currency, state }), sign)
  }
  for (const { note, ...hashes } of told.response_page_md5) {
    t.ok(note)
    for (const [rule, hash] of Object.entries(hashes)) {
      const [value = '', rounded] = rule.split('->')
      t.equal(roundedValue(value), rounded, rule)
      t.equal(responseSignature(told.api_key, { merchantId: told.merchant_id, referenceCode: 'TestPayU04', value, currency: 'USD', state: '6' }), hash, rule)
    }
  }
})

t.test('the two rules of rounding are two', async t => {
  for (const [value, confirmed, page] of [['150.00', '150.0', '150.0'], ['150.20', '150.2', '150.2'], ['150.26', '150.26', '150.3'], ['150.25', '150.25', '150.2'], ['150.35', '150.35', '150.4'], ['150', '150.0', '150.0'], ['0.95', '0.95', '1.0'], ['0.05', '0.05', '0.0'], ['9.95', '9.95', '10.0']] as const) {
    t.same([confirmedValue(value), roundedValue(value)], [confirmed, page], value)
  }
  const by = (sign: string) => verify(new URLSearchParams({ ...fields, sign }).toString()).verdict
  t.equal(by(responseSignature(apiKey, { merchantId, referenceCode: fields.reference_sale, value: fields.value, currency: 'USD', state: '4' })), 'refused', 'the response page’s sign is none of a confirmation')
})

t.test('three digests, by length; a setting admits only one', async t => {
  for (const digest of digests) {
    t.match(verify(signed(fields, digest)), { verdict: 'verified', eventType: 'confirmation.approved' }, digest)
    for (const only of digests) t.equal(verify(signed(fields, digest), { settings: { confirmation_digest: only } }).verdict, only === digest ? 'verified' : 'refused', `${digest} where only ${only} is taken`)
  }
  t.equal(verify(signed(), { secrets: ['another', apiKey] }).verdict, 'verified')
  t.equal(verify(signed(), { secrets: ['another'] }).verdict, 'refused')
  t.equal(refusalReason(new URLSearchParams(signed()), { keys: [''] }), 'no key to verify with')
  t.equal(verify(signed(), { headers: {} }).verdict, 'refused', 'no form')
})

t.test('fields cannot be shifted into one another, nor said twice', async t => {
  const { sign } = Object.fromEntries(new URLSearchParams(signed())) as { sign: string }
  const forged = (more: object) => verify(new URLSearchParams({ ...fields, sign, ...more }).toString()).verdict
  t.equal(forged({}), 'verified')
  t.equal(forged({ merchant_id: `${merchantId}~TestPayU05`, reference_sale: '150.26', value: 'USD' }), 'refused')
  t.equal(forged({ reference_sale: 'TestPayU05~150.26', value: '4' }), 'refused')
  t.equal(forged({ state_pol: `4${'\x80'}` }), 'refused', 'nothing is added at the end: a digest of key and text could be lengthened')
  t.equal(forged({ sign: sign.toUpperCase() }), 'refused')
  t.equal(verify(`${signed()}&state_pol=6`).verdict, 'refused')
  t.equal(verify(`state_pol=6&${signed()}`).verdict, 'refused')
})

t.test('of 2,000 changes of what is signed none passes', async t => {
  const names = ['merchant_id', 'reference_sale', 'value', 'currency', 'state_pol', 'sign'] as const
  const bodies = digests.map(digest => Object.fromEntries(new URLSearchParams(signed(fields, digest))) as Record<string, string>)
  const character = fc.oneof(fc.constantFrom(...'0123456789abcdefUSD~.TestPayU '), fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code)))
  const changed = fc.record({ of: fc.constantFrom(...bodies), name: fc.constantFrom(...names), at: fc.nat(70), how: fc.constantFrom('replace', 'insert', 'remove', 'empty', 'cut'), by: character }).map(({ of, name, at, how, by }) => {
    const value = of[name]!
    const spot = at % (value.length + (how === 'insert' ? 1 : 0))
    const next = how === 'empty' ? '' : how === 'cut' ? value.slice(0, spot) : value.slice(0, spot) + (how === 'remove' ? '' : by) + value.slice(how === 'insert' ? spot : spot + 1)
    return { before: value, name, next, body: { ...of, [name]: next } }
    // 150.260 would be the same amount: it is refused by its form all the same.
  }).filter(({ before, next }) => next !== before)
  let tried = 0
  fc.assert(fc.property(changed, ({ body }) => {
    tried++
    return verify(new URLSearchParams(body).toString()).verdict === 'refused'
  }), { numRuns: 2000, seed: 20_261_121 })
  t.equal(tried, 2000)
})

t.test('what is not signed only says what to look up', async t => {
  const body = new URLSearchParams({ ...fields, reference_pol: '999', transaction_id: 'forged', response_message_pol: 'APPROVED', sign: signOf(fields) }).toString()
  t.equal(payu.manifest.webhooks?.signs, 'partial')
  t.equal(verify(body).verdict, 'verified')
  t.same(webhooks.parse(raw(body)), [{ type: 'payment', providerReference: '999', reference: 'TestPayU05' }], 'no snapshot: PayU is asked, and its order must name the same sale')
  t.match(webhooks.parse(raw('a=b')), [{ type: 'ignored' }])
})

t.test('a sale declined first and approved then is two events; a repetition is one', async t => {
  const key = (of: typeof fields) => (verify(signed(of)) as { dedupeKey: string }).dedupeKey
  const declined = { ...fields, state_pol: '6', transaction_id: 'one' }
  t.not(key(declined), key({ ...fields, transaction_id: 'two' }))
  t.equal(key(declined), key({ ...declined, attempts: '2' }))
})
