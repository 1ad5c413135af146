import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import wompi from './adapter.ts'
import { integritySignature } from './signature.ts'
import { card, closesAgents, key, open, order, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments, webhooks } = wompi
const secret = 'prod_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z'
const now = new Date(1_530_291_411_000)
const sum = (text: string) => createHash('sha256').update(text).digest('hex')

interface Parts { id: unknown, status: unknown, amount: unknown, timestamp: unknown, properties: unknown, checksum: string, event: string, environment: string }
const vector: Parts = {
  id: '1234-1610641025-49201', status: 'APPROVED', amount: 4_490_000, timestamp: 1_530_291_411, properties: ['transaction.id', 'transaction.status', 'transaction.amount_in_cents'],
  checksum: '5a18ec5e8fdb7df463e9f94774cba8f583ba21bd04a09ceff2ea68a4bc0aefbe', event: 'transaction.updated', environment: 'prod'
}
const bodyOf = ({ id, status, amount, timestamp, properties, checksum, event, environment }: Parts, more: object = {}) =>
  JSON.stringify({ event, data: { transaction: { id, status, amount_in_cents: amount, reference: 'pay_1', currency: 'COP', ...more } }, environment, signature: { properties, checksum }, timestamp, sent_at: '2018-07-20T16:45:05.000Z' })
const verify = (parts: Partial<Parts> = {}, { header, secrets = [secret], at = now, settings = {}, more }: { header?: string | null, secrets?: string[], at?: Date, settings?: object, more?: object } = {}) => {
  const all = { ...vector, ...parts }
  const given = header === undefined ? all.checksum : header
  return webhooks.verify({ url: 'https://hub.test/hooks/1', body: Buffer.from(bodyOf(all, more)), headers: given === null ? {} : { 'x-event-checksum': given }, secrets, now: at, settings: { ...settings } })
}

t.test('the vectors of Wompi’s pages', async t => {
  t.match(verify(), { verdict: 'verified', eventType: 'transaction.updated' })
  t.equal(verify({ checksum: vector.checksum.toUpperCase() }).verdict, 'verified', 'in capitals too')
  t.equal(verify({ checksum: '3476DDA50F64CD7CBD160689640987FEBEA93239BC524FC0469B2C68A3CC8BD0' }).verdict, 'refused', 'what its pages print does not fit what they print')
  t.equal(integritySignature({ reference: 'sk8-438k4-xmxm392-sn2m', amountInCents: 2_490_000, currency: 'COP', secret: 'prod_integrity_Z5mMke9x0k8gpErbDqwrJXMqsI6SFli6' }), '37c8407747e595535433ef8f6a811d853cd943046624a0ec04662b17bbf33bf5')
  const path = join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
  if (!existsSync(path)) return
  const { wompi: vectors } = JSON.parse(readFileSync(path, 'utf8')) as { wompi: Record<'integrity' | 'event', { concat: string, sha256: string }> }
  for (const { concat, sha256 } of Object.values(vectors)) t.equal(sum(concat), sha256)
  t.equal(vectors.event.sha256, vector.checksum)
})

t.test('what has to be signed, and by whom', async t => {
  const signed = (properties: string[], text: string, more: Partial<Parts> = {}) => verify({ properties, checksum: sum(text + secret), ...more }).verdict
  const [id, status, amount] = vector.properties as [string, string, string]
  const tail = '1530291411'
  t.equal(signed([status, id, amount], `APPROVED${vector.id as string}4490000${tail}`), 'verified', 'the order is the payload’s')
  t.equal(signed([id, status, amount, 'transaction.currency'], `${vector.id as string}APPROVED4490000COP${tail}`), 'verified', 'more may be signed')
  t.equal(signed([id, status], `${vector.id as string}APPROVED${tail}`), 'refused', 'no amount')
  t.equal(signed([id, amount], `${vector.id as string}4490000${tail}`), 'refused', 'no state')
  t.equal(signed(['transaction.reference'], `pay_1${tail}`), 'refused', 'what an attacker would have signed')
  t.equal(signed([], tail), 'refused')
  t.equal(signed([id, status, amount, amount], `${vector.id as string}APPROVED44900004490000${tail}`), 'refused', 'twice')
  t.equal(signed([id, status, amount, '__proto__.x'], `${vector.id as string}APPROVED4490000${tail}`), 'refused')
  t.equal(verify({}, { header: null }).verdict, 'refused', 'no header')
  t.equal(verify({}, { header: null, settings: { checksum_header: false } }).verdict, 'verified', 'unless the setting says so')
  t.equal(verify({}, { header: '0'.repeat(64), settings: { checksum_header: false } }).verdict, 'refused', 'a wrong one is never looked over')
  t.equal(verify({ environment: 'test' }).verdict, 'refused', 'of the sandbox')
  t.equal(verify({}, { at: new Date(now.getTime() + 86_400_000 * 1.2) }).verdict, 'verified', 'Wompi repeats for a day')
  t.equal(verify({}, { at: new Date(now.getTime() + 86_400_000 * 3) }).verdict, 'refused', 'but not for three')
  t.equal(verify({}, { secrets: [] }).verdict, 'refused')
  t.equal(verify({ checksum: sum(`${vector.id as string}APPROVED4490000${tail}`) }, { secrets: [''] }).verdict, 'refused', 'an empty secret')
  t.equal(verify({}, { secrets: ['prod_events_other', secret] }).verdict, 'verified', 'while one replaces another')
})

t.test('of 2,000 changes of what is signed none passes', async t => {
  const digit = fc.integer({ min: 0, max: 9 }).map(String)
  const flip = (text: string) => fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'0123456789abcdefA-')).map(([at, letter]) => text.slice(0, at) + letter + text.slice(at + 1))
  const cut = (text: string) => fc.nat(text.length - 1).map(at => text.slice(0, at))
  const forged: fc.Arbitrary<Partial<Parts>> = fc.oneof(
    fc.oneof(flip(vector.id as string), cut(vector.id as string), fc.tuple(fc.constant(vector.id), digit).map(parts => parts.join(''))).map(id => ({ id })),
    fc.constantFrom('PENDING', 'DECLINED', 'VOIDED', 'ERROR', 'approved', 'APPROVED ', '').map(status => ({ status })),
    fc.integer({ min: 0, max: 10_000_000_000 }).map(amount => ({ amount })),
    fc.constantFrom('4490000', 4_490_000.5, '4490000 ', null, [4_490_000], true, -4_490_000).map(amount => ({ amount })),
    fc.integer({ min: -100_000, max: 100_000 }).map(by => ({ timestamp: 1_530_291_411 + by })),
    fc.constantFrom('1530291411', 153_029_141, 1_530_291_411.5, null).map(timestamp => ({ timestamp })),
    fc.oneof(flip(vector.checksum), cut(vector.checksum)).map(checksum => ({ checksum })),
    // The same letters, divided elsewhere.
    fc.constantFrom<Partial<Parts>>({ id: '1234-1610641025-4920', status: '1APPROVED' }, { status: 'APPROVED4', amount: 490_000 }, { amount: 44_900_001, timestamp: 530_291_411 }, { amount: 449_000, timestamp: 1_530_291_411 }, { id: '1234-1610641025', status: '-49201APPROVED' }, { amount: 449_000, timestamp: '01530291411' }),
    fc.shuffledSubarray([...vector.properties as string[], 'transaction.reference'], { minLength: 0 }).map(properties => ({ properties }))
  ).filter(parts => Object.entries(parts).some(([name, value]) => JSON.stringify(value).toLowerCase() !== JSON.stringify(vector[name as keyof Parts]).toLowerCase()))
  let tried = 0
  fc.assert(fc.property(forged, parts => {
    tried++
    return verify(parts).verdict === 'refused' && verify(parts, { header: vector.checksum }).verdict === 'refused'
  }), { numRuns: 2000, seed: 20_261_121 })
  t.equal(tried, 2000)
})

t.test('what is not signed says nothing', async t => {
  const tell = (more: object) => webhooks.parse({ url: '', headers: {}, body: Buffer.from(bodyOf(vector, more)) })
  const plain = [{ type: 'payment', providerReference: vector.id, occurredAt: now }]
  t.same(tell({}), plain)
  t.same(tell({ reference: 'pay_of_somebody_else', status_message: 'x', payment_method: {}, payment_link_id: 'x' }), plain, 'an id to ask about, and no more')
  t.match(webhooks.parse({ url: '', headers: {}, body: Buffer.from(bodyOf({ ...vector, event: 'nequi_token.updated' })) }), [{ type: 'ignored' }])
  t.match(webhooks.parse({ url: '', headers: {}, body: Buffer.from('{') }), [{ type: 'ignored' }])
})

t.test('each change of a transaction is another event', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const { providerReference, reference } = await payments.createPayment(context, order({ method: card('approved') }))
  const told = () => {
    const raw = { url: 'https://hub.test/hooks/1', ...simulator.signedWebhook({ secret: context.credentials.events_secret!, now: new Date() }) }
    const verdict = webhooks.verify({ ...raw, secrets: [context.credentials.events_secret!], now: new Date(), settings: context.settings })
    t.match(webhooks.parse(raw), [{ type: 'payment', providerReference }])
    return verdict.verdict === 'refused' ? verdict.reason : verdict.dedupeKey
  }
  const paid = told()
  await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount: 4_990_000, currency: 'COP' } })
  t.not(told(), paid)
})
