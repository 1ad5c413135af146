/** The buyer's page over HTTP, where Facturama would invoice: its check of the receiver costs a stamp, and is asked when the buyer sends. */
import t from 'tap'
import { testApp, type TestApp } from '../../test/support/app.ts'
import { csd, issuerRfc } from '../../test/support/cfdi.ts'
import { sealingSimulators, type SealingSimulators } from '../../test/support/sealing.ts'
import { uuidOf } from '../ids.ts'

t.setTimeout(120_000)

const line = { description: 'Lavado', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }
const buyer = { tax_id: 'IVD920810GU2', name: 'INNOVACION VALOR Y DESARROLLO', regime: '601', postal_code: '63901', use: 'G03' }

let app: TestApp
let simulators: SealingSimulators
let key: string
let connection: string
t.before(async () => {
  simulators = await sealingSimulators(t)
  app = await testApp(t, { env: { ...simulators.env, RESOLVER_SCHEDULE: '500ms,1s,2s,5s' } })
  key = (await app.tenant({ connect: false })).testKey
  const issuer = await must('/v1/issuers', { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' })
  await must('/v1/certificates', { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id })
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC']]) await must('/v1/series', { issuer: issuer.id, document, prefix })
  connection = (await must('/v1/connections', { provider: 'facturama', mode: 'test', credentials: simulators.facturama.credentials('test') })).id
})

const must = async (path: string, body: object): Promise<any> => await app.must('POST', path, { key, body })
async function sell (): Promise<{ id: string, path: string }> {
  const { id, self_invoice: link } = await must('/v1/sales', { lines: [line], tenders: [{ form: '01' }], requires_invoice: true })
  return { id, path: new URL(link.url).pathname }
}
const post = async (path: string, fields: object) => await app.ask('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded', 'accept-language': 'es' }, body: new URLSearchParams(fields as Record<string, string>).toString() })
const checks = async (id: string): Promise<number> => (await app.database.owner.selectFrom('operations').select('id').where('subject_id', '=', uuidOf('sale', id)).where('kind', '=', 'check_customer').execute()).length
const invoices = async (id: string): Promise<number> => (await app.database.owner.selectFrom('invoices').select('id').where('sale_id', '=', uuidOf('sale', id)).execute()).length

t.test('a "no" is told beside its field, and nothing is made; a "yes" makes the invoice', async t => {
  const { id, path } = await sell()
  for (let typed = 0; typed < 3; typed++) await post(`${path}/check`, { ...buyer, name: 'INNOVACION VALOR' })
  t.equal(await checks(id), 0, 'not while it is typed')
  await post(path, { ...buyer, regime: '605' })
  t.equal(await checks(id), 0, 'nor what breaks a rule of ours')
  const refused = await post(path, { ...buyer, name: 'INNOVACION VALOR' })
  t.equal(refused.status, 400)
  t.match(refused.text, /id="name-problem"[^>]*>[^<]*constancia/)
  t.equal(await checks(id), 1)
  t.equal(await invoices(id), 0)
  const taken = await post(path, buyer)
  t.equal(taken.status, 303)
  t.equal(await checks(id), 2)
  t.equal(await invoices(id), 1)
  await post(path, buyer)
  t.equal(await checks(id), 2, 'a second click asks nobody')
})

t.test('an RFC that is not there says that and no more', async t => {
  const { path } = await sell()
  const { status, text } = await post(path, { ...buyer, tax_id: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE' })
  t.equal(status, 400)
  t.match(text, /id="tax_id-problem"[^>]*>[^<]*no tiene este RFC/)
  t.notMatch(text, /id="name-problem"[^>]*>[^<]*constancia/)
})

t.test('asked at most five times of one sale: then the authority decides', async t => {
  const { id, path } = await sell()
  for (let n = 0; n < 5; n++) t.equal((await post(path, { ...buyer, name: `INNOVACION ${'ABCDE'[n]}` })).status, 400)
  t.equal((await post(path, { ...buyer, name: 'INNOVACION Z' })).status, 303)
  t.equal(await checks(id), 5)
})

t.test('buyers who ask in the moment in which the jobs of their sales look at them: each has one invoice, and nobody waits for ever', async t => {
  for (let round = 0; round < 3; round++) {
    const sold = await Promise.all(Array.from({ length: 16 }, sell))
    t.same(await Promise.all(sold.map(async ({ path }) => (await post(path, buyer)).status)), Array(16).fill(303))
    t.same(await Promise.all(sold.map(async ({ id }) => await invoices(id))), Array(16).fill(1))
  }
  t.notMatch(app.logged(), /deadlock detected/)
})

t.test('a provider that does not answer blocks nobody', async t => {
  for (const fault of [{ kind: 'slow', ms: 9_000 }, { kind: 'error_500' }, { kind: 'cut_before' }] as const) {
    const { id, path } = await sell()
    simulators.facturama.inject({ ...fault, path: '/customers/validate' })
    const begun = Date.now()
    t.equal((await post(path, buyer)).status, 303, fault.kind)
    t.ok(Date.now() - begun < 8_500)
    t.equal(await invoices(id), 1)
  }
  const { id, path } = await sell()
  await app.must('PATCH', `/v1/connections/${connection}`, { key, body: { enabled: false } })
  t.equal((await post(path, buyer)).status, 303, 'nor one that is switched off')
  t.equal(await checks(id), 0)
})
