/**
 * A second tenant who knows an id learns and changes nothing, on any route. The routes come from the published document, so
 * that a new one is tried from its first day, or fails here until it is said how.
 */
import { createECDH, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import type { Scope } from '../core/access/principal.ts'
import { scopes } from '../core/access/principal.ts'
import { raiseAlert } from '../core/alerts/raise.ts'
import { insertConsent } from '../core/certificates/queries.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { setTimer } from '../core/db/timers.ts'
import { insertTest } from '../core/deliveries/queries.ts'
import { insertGlobal } from '../core/sales/queries.ts'
import { storeDocument } from '../core/documents/service.ts'
import { type IdKind, newUuid, parseId, publicId } from '../core/ids.ts'
import type { Letter } from '../core/notifications/letter.ts'
import { prepareNotice } from '../core/notifications/notices.ts'
import { prepareMail } from '../core/notifications/service.ts'
import { insertChain, insertEvent, insertRecord } from '../core/verifactu/queries.ts'
import { type Answer, type AppTenant, type Asked, card, type Method, order, testApp, type TestApp } from './support/app.ts'
import { makeCsd } from './support/csd.ts'
import { eventually } from './support/eventually.ts'

interface Operation {
  name: string
  method: Method
  path: string
  parameters: string[]
  query: string[]
  scope: Scope | undefined
  public: boolean
  bodyRequired: boolean
  bodyNames: string[]
}

/** An object of the first tenant, and how to ask for one that is not there. */
interface Thing {
  id: string
  absent: () => string
  /** Who may have it: the first tenant's key, unless said otherwise. */
  owner?: Asked
  /** False: it is the same in both modes. */
  moded: boolean
}

/** What the collections of the API hold. A new one needs a line here. */
const collections: Record<string, { kind: IdKind, moded: boolean }> = {
  payments: { kind: 'payment', moded: true },
  refunds: { kind: 'refund', moded: true },
  checkout_sessions: { kind: 'checkout_session', moded: true },
  payment_links: { kind: 'payment_link', moded: true },
  disputes: { kind: 'dispute', moded: true },
  customers: { kind: 'customer', moded: true },
  payment_methods: { kind: 'payment_method', moded: true },
  plans: { kind: 'plan', moded: true },
  subscriptions: { kind: 'subscription', moded: true },
  connections: { kind: 'connection', moded: true },
  inbound_events: { kind: 'inbound', moded: true },
  events: { kind: 'event', moded: true },
  operations: { kind: 'operation', moded: true },
  webhook_endpoints: { kind: 'webhook_endpoint', moded: true },
  deliveries: { kind: 'delivery', moded: true },
  alerts: { kind: 'alert', moded: true },
  documents: { kind: 'document', moded: true },
  certificates: { kind: 'certificate', moded: true },
  invoices: { kind: 'invoice', moded: true },
  einvoicing: { kind: 'invoice', moded: true },
  mails: { kind: 'mail', moded: true },
  notices: { kind: 'notice', moded: true },
  notification_channels: { kind: 'notification_channel', moded: true },
  web_push: { kind: 'push_subscription', moded: true },
  issuers: { kind: 'issuer', moded: true },
  series: { kind: 'series', moded: true },
  verifactu_records: { kind: 'verifactu_record', moded: true },
  verifactu_events: { kind: 'verifactu_event', moded: true },
  balance_transactions: { kind: 'balance_transaction', moded: true },
  completeness_audits: { kind: 'completeness_audit', moded: true },
  reports: { kind: 'reconciliation_item', moded: true },
  bank_accounts: { kind: 'bank_account', moded: true },
  bank_statements: { kind: 'bank_statement', moded: true },
  bank_entries: { kind: 'bank_entry', moded: true },
  sales: { kind: 'sale', moded: true },
  global_invoices: { kind: 'global_invoice', moded: true },
  store_credits: { kind: 'store_credit', moded: true },
  support_access: { kind: 'support_access', moded: false },
  users: { kind: 'user', moded: false },
  invitations: { kind: 'invitation', moded: false },
  sessions: { kind: 'session', moded: false },
  api_keys: { kind: 'api_key', moded: false },
  partners: { kind: 'partner', moded: false },
  tenants: { kind: 'tenant', moded: false }
}

/** Whose id is no tenant's: everybody sees the same. */
const everybodys = new Set(['providers', 'catalogues', 'event_types', 'verifactu'])

const checkout = { amount: 19900, currency: 'MXN', success_url: 'https://shop.test/done' }

const monthly = { name: 'Monthly', amount: 49900, currency: 'MXN', interval: 'month' }

const school = { country: 'MX', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA', regime: '601', postal_code: '26015', logo: { data: Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(200)]).toString('base64') } }

function csdOf (rfc: string): { cer: string, key: string, passphrase: string } {
  const { cer, key, passphrase } = makeCsd({ rfc, name: rfc })
  return { cer: cer.toString('base64'), key: key.toString('base64'), passphrase }
}

const browserKey = createECDH('prime256v1').generateKeys().toString('base64url')
const browserSubscription = { endpoint: 'https://8.8.8.8/wpush/1', keys: { p256dh: browserKey, auth: randomBytes(16).toString('base64url') } }

const invoiceContent = { country: 'MX', currency: 'MXN', customer: { name: 'A', tax_id: 'XAXX010101000' }, lines: [{ description: 'a', quantity: '1', unit_price: '1.00', taxes: [] }] }
const invoiceDraft = { ...invoiceContent, draft: true }

const letter: Letter = { language: 'en', subject: 'a', sender: 'A', heading: 'a', paragraphs: [], facts: [], actions: [], footer: [], test: true }

/** Disabled, so that nobody calls it. */
const webhookEndpoint = { url: 'https://8.8.8.8/hooks', event_types: ['*'], enabled: false }

const statementFile = Buffer.from('Fecha,Abono,Cargo\n2026-11-21,1.00,').toString('base64')

/** A body that would do something, for the routes that want one. A new route with a required body needs a line here. */
const bodies: Record<string, object> = {
  'POST /v1/payments': order,
  'POST /v1/payments/{id}/confirm': { method: card('pm_card_visa') },
  'POST /v1/payments/{id}/capture': { amount: 100 },
  'POST /v1/payments/{id}/cancel': { reason: 'requested_by_customer' },
  'POST /v1/payments/{id}/refunds': { amount: 100 },
  'POST /v1/payments/{id}/resolve_review': { decision: 'mark_failed', reason: 'I am a stranger' },
  'POST /v1/checkout_sessions': checkout,
  'POST /v1/payment_links': { amount: 19900, currency: 'MXN' },
  'POST /v1/disputes/{id}/evidence': { explanation: 'I am a stranger', submit: true },
  'POST /v1/customers': { name: 'Stranger' },
  'PATCH /v1/customers/{id}': { name: 'Mine now' },
  'POST /v1/customers/{id}/payment_methods': card('pm_card_visa'),
  'POST /v1/plans': monthly,
  'POST /v1/subscriptions': { customer: `cus_${'0'.repeat(32)}`, plan: `pln_${'0'.repeat(32)}` },
  'PATCH /v1/subscriptions/{id}': { quantity: 2 },
  'POST /v1/subscriptions/{id}/preview': { quantity: 2 },
  'POST /v1/subscriptions/{id}/cancel': { at: 'now' },
  'POST /v1/subscriptions/{id}/resolve_review': { decision: 'mark_canceled', reason: 'I am a stranger' },
  'POST /v1/connections': { provider: 'stripe', mode: 'test', credentials: { secret_key: 'sk_test_51strangerstrangerstranger' } },
  'POST /v1/connections/oauth': { provider: 'stripe', mode: 'test' },
  'PATCH /v1/connections/{id}': { label: 'Mine now', enabled: false },
  'POST /v1/connections/{id}/credentials': { credentials: { secret_key: 'sk_test_51strangerstrangerstranger' } },
  'POST /v1/connections/{id}/audit': {},
  'PUT /v1/connections/{id}/costs': { costs: [{ currency: 'MXN', percent: '99' }] },
  'POST /v1/connections/{id}/read_transactions': {},
  'POST /v1/reports/reconciliation/{id}/resolve': { action: 'accepted', reason: 'I am a stranger' },
  'POST /v1/reports/reconciliation/run': {},
  'PUT /v1/reconciliation_settings': { absolute: 5 },
  'PUT /v1/routing': { rules: [] },
  'POST /v1/routing/decide': { currency: 'MXN', amount: 19900 },
  'POST /v1/inbound_events/replay': { dry_run: true },
  'POST /v1/webhook_endpoints': webhookEndpoint,
  'PATCH /v1/webhook_endpoints/{id}': { label: 'Mine now', event_types: ['payment.succeeded'] },
  'POST /v1/webhook_endpoints/{id}/rotate_secret': { overlap_seconds: 0 },
  'POST /v1/webhook_endpoints/{id}/recover': { since: '2026-01-01T00:00:00Z' },
  'POST /v1/deliveries/replay': { dry_run: true },
  'POST /v1/documents/{id}/link': {},
  'POST /v1/invoices': invoiceDraft,
  'PUT /v1/issuers/{id}/verifactu': { system: 'verifactu' },
  'POST /v1/issuers/{id}/verifactu/export': { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' },
  'POST /v1/issuers/{id}/verifactu/events': { type: 'other', note: 'I am a stranger' },
  'POST /v1/verifactu_records/{id}/correct': { reason: 'I am a stranger' },
  'POST /v1/verifactu_records/{id}/annul': { reason: 'I am a stranger' },
  'POST /v1/invoices/validate': invoiceDraft,
  'POST /v1/einvoicing/send': { invoice_id: `inv_${'0'.repeat(32)}` },
  'PATCH /v1/invoices/{id}': invoiceContent,
  'POST /v1/invoices/{id}/resolve_review': { decision: 'dismiss', reason: 'looked at' },
  'POST /v1/invoices/{id}/cancel': { motive: '02' },
  'POST /v1/invoices/{id}/payments': { form: '03' },
  'POST /v1/invoices/{id}/payment_link': { partial: true },
  'POST /v1/invoices/{id}/credit_notes': {},
  'POST /v1/invoices/{id}/send': { to: 'stranger@example.com' },
  'POST /v1/notification_channels': { type: 'mail', mail: { url: 'smtp://mail.example', from: 'a@example.com' } },
  'PATCH /v1/notification_channels/{id}': { label: 'Mine now', enabled: false },
  'PUT /v1/notification_settings': { language: 'en' },
  'POST /v1/web_push/subscriptions': { customer: `cus_${'0'.repeat(32)}`, subscription: browserSubscription },
  'POST /v1/certificates': csdOf('JES900109Q90'),
  'PATCH /v1/certificates/{id}': { label: 'Mine now' },
  'POST /v1/certificates/{id}/activate': {},
  'POST /v1/certificates/{id}/consents': { connection: `con_${'0'.repeat(32)}`, accept: true },
  'POST /v1/certificates/{id}/uploads': { connection: `con_${'0'.repeat(32)}`, accept: true },
  'POST /v1/issuers': school,
  'PATCH /v1/issuers/{id}': { legal_name: 'MINE NOW' },
  'POST /v1/series': { issuer: `iss_${'0'.repeat(32)}`, document: 'invoice', prefix: 'Z' },
  'PATCH /v1/series/{id}': { active: false },
  'POST /v1/bank_accounts': { currency: 'EUR', iban: 'ES9121000418450200051332', bank: 'Stranger', beneficiary: 'Stranger' },
  'PATCH /v1/bank_accounts/{id}': { label: 'Mine now' },
  'POST /v1/bank_statements': { bank_account: `ban_${'0'.repeat(32)}`, file: statementFile },
  'POST /v1/bank_entries/{id}/match': { payment: `pay_${'0'.repeat(32)}`, reason: 'I am a stranger' },
  'POST /v1/sales': { amount: 1000, tenders: [{ form: '01' }] },
  'POST /v1/sales/batch': { sales: [{ client_id: 'stranger', amount: 1000 }] },
  'POST /v1/sales/{id}/confirm_payment': { payment_received: true, payment_method: '01', requires_invoice: false },
  'POST /v1/sales/{id}/invoice': { customer: { name: 'A', tax_id: 'XAXX010101000' } },
  'POST /v1/sales/{id}/refund': { method: 'cash', reason: 'I am a stranger' },
  'PUT /v1/sales_settings': { payments: 'record' },
  'PUT /v1/alert_settings': { rules: {} },
  'POST /v1/support_access': { tenant: `ten_${'0'.repeat(32)}`, reason: 'I am a stranger', minutes: 5 },
  'POST /v1/self_invoices': { sale: `sal_${'0'.repeat(32)}` },
  'POST /v1/global_invoices': { period: { day: '2026-01-01' } },
  'POST /v1/privacy/export': { country: 'MX', tax_id: 'IVD920810GU2' },
  'POST /v1/privacy/erase': { country: 'MX', tax_id: 'IVD920810GU2' },
  'POST /v1/store_credits': { amount: 1000, currency: 'MXN' },
  'POST /v1/store_credits/{id}/redeem': { amount: 100 },
  'POST /v1/tenants': { name: 'Stranger', country: 'MX' },
  'PATCH /v1/tenants/{id}': { name: 'Mine now' },
  'POST /v1/users': { email: 'someone@example.com', name: 'Someone', role: 'viewer', password: 'a long password' },
  'POST /v1/invitations': { email: 'invited@example.com', role: 'viewer' },
  'POST /v1/invitations/look_up': { token: 'A'.repeat(64) },
  'POST /v1/invitations/accept': { token: 'A'.repeat(64), name: 'Stranger', password: 'a long password' },
  'PATCH /v1/users/{id}': { name: 'Mine now', password: 'a stranger chose this' },
  'PATCH /v1/users/me': { name: 'Me' },
  'POST /v1/sessions': { email: 'someone@example.com', password: 'a long password' },
  'POST /v1/api_keys': { mode: 'test' },
  'POST /v1/partners': { name: 'Stranger' },
  'POST /v1/partners/{id}/api_keys': { mode: 'test' }
}

/** Fields of a body that hold the id of a thing, by their name. */
const namedInBodies: Record<string, IdKind> = { endpoint: 'webhook_endpoint', event: 'event', connection: 'connection', tenant: 'tenant', payment: 'payment', partner: 'partner', refund: 'refund', user: 'user', customer: 'customer', plan: 'plan', payment_method: 'payment_method', issuer: 'issuer', bank_account: 'bank_account', sale: 'sale' }
/** Query parameters that hold one, of any kind. */
const namedInQueries = ['endpoint', 'event', 'about', 'connection', 'origin', 'subject', 'actor', 'cursor', 'payment', 'partner', 'tenant', 'customer', 'plan', 'issuer', 'sale', 'global_invoice', 'statement', 'bank_account']

/** Without a scope: about whoever asks. */
const anyone = ['GET /v1/catalogues', 'GET /v1/catalogues/{name}', 'GET /v1/event_types', 'GET /v1/event_types/{type}', 'GET /v1/tenants/current', 'GET /v1/users/me', 'PATCH /v1/users/me', 'GET /v1/sessions', 'GET /v1/sessions/current', 'DELETE /v1/sessions/{id}', 'POST /v1/support_access/{id}/end']
const noCredentials: Asked[] = [{}, { key: `pas_test_${'0'.repeat(43)}` }, { headers: { authorization: 'Basic Og==' } }, { headers: { cookie: 'pasarela_session=x' } }]
const withoutCredential = ['POST /v1/invitations/accept', 'POST /v1/invitations/look_up', 'POST /v1/sessions']

t.setTimeout(560_000)

t.test('strangers', async t => {
  const app = await testApp(t)
  const [first, second] = [await app.tenant({ name: 'First' }), await app.tenant({ name: 'Second' })]
  const things = await belongings(app, first)
  await app.quiet()
  const operations = await published(app)
  const withId = operations.filter(({ path, parameters }) => path.startsWith('/v1/') && parameters.length > 0)
  t.ok(withId.length > 25, `${withId.length} routes with an id`)

  const admin = await person(app, second)
  const livekey = await second.key({ mode: 'live' })
  const partner = await app.must('POST', '/v1/partners', { key: app.platformKey, body: { name: 'Nobody’s partner' } })
  const partnerKey = (await app.must('POST', `/v1/partners/${partner.id}/api_keys`, { key: app.platformKey, body: { mode: 'test' } })).key
  const strangers: Record<string, Asked> = {
    'a key of another tenant, with every scope': { key: second.testKey },
    'its live key': { key: livekey },
    'an administrator of another tenant, logged in': admin,
    'a key of another tenant that names this one': { key: second.testKey, headers: { 'pasarela-tenant': first.id } },
    'a partner that this tenant never let in': { key: partnerKey, headers: { 'pasarela-tenant': first.id } },
    'a partner that names nobody': { key: partnerKey }
  }
  // What the hub looks at by itself from time to time is not due before all is asked.
  await sql`update timers set due_at = due_at + interval '1 day' where tenant_id = ${first.uuid}`.execute(app.database.owner)
  const before = await state(app, first)
  const asked = app.simulator.requests().length

  for (const [who, credential] of Object.entries(strangers)) {
    t.test(who, async t => {
      for (const operation of withId) {
        const cases = idsFor(t, operation, things)
        if (cases === 'everybody’s') continue
        for (const { real, absent, what } of cases) {
          const [known, unknown] = await Promise.all([send(app, operation, real, credential), send(app, operation, absent, credential)])
          t.same(normal(known, real), normal(unknown, absent), `${operation.name}${what}`)
          t.ok(known.status >= 400, `${operation.name}${what} is refused with ${known.status}`)
        }
      }
    })
  }

  t.test('an id in a query or a body is no better known than one that does not exist', async t => {
    const kinds = Object.values(collections).map(({ kind }) => kind)
    for (const operation of operations.filter(({ path, parameters }) => path.startsWith('/v1/') && parameters.length === 0)) {
      for (const name of operation.query.filter(name => namedInQueries.includes(name))) {
        for (const kind of kinds) {
          const { id: real, absent: make } = things.get(kind)!
          const absent = make()
          const ask = async (id: string) => await app.ask(operation.method, `${operation.path}?${name}=${id}`, { key: second.testKey })
          const [known, unknown] = await Promise.all([ask(real), ask(absent)])
          t.same(normal(known, [real]), normal(unknown, [absent]), `${operation.name}?${name}=<${kind}>`)
        }
      }
      for (const name of operation.bodyNames.filter(name => name in namedInBodies)) {
        const { id: real, absent: make } = things.get(namedInBodies[name]!)!
        const absent = make()
        const ask = async (id: string) => await app.ask(operation.method, operation.path, { key: second.testKey, body: { ...bodyOf(t, operation), [name]: id } })
        const [known, unknown] = await Promise.all([ask(real), ask(absent)])
        t.same(normal(known, [real]), normal(unknown, [absent]), `${operation.name} {${name}}`)
      }
    }
  })

  t.test('no list shows anything of another tenant', async t => {
    const ids = [...things.values()].map(({ id }) => id)
    for (const operation of operations.filter(({ method, path, parameters }) => method === 'GET' && path.startsWith('/v1/') && parameters.length === 0)) {
      for (const [who, credential] of Object.entries(strangers)) {
        const { text } = await app.ask('GET', operation.query.includes('limit') ? `${operation.path}?limit=100` : operation.path, credential)
        t.same(ids.filter(id => text.includes(id)), [], `${operation.name} for ${who}`)
      }
    }
  })

  t.test('the address of its webhooks answers a forger as an address that does not exist', async t => {
    const known = (await first.client('GET', `/v1/connections/${first.connection}`)).body.webhook_url as string
    const token = new URL(known).pathname.split('/').at(-1)!
    for (const headers of [{}, { 'stripe-signature': 't=1,v1=00' }, { authorization: `Bearer ${second.testKey}` }] as Record<string, string>[]) {
      const forge = async (token: string) => await app.ask('POST', `/hooks/${token}`, { headers: { 'content-type': 'application/json', ...headers }, body: '{"id":"evt_1"}' })
      const absent = token.split('').reverse().join('')
      const [real, fake] = [await forge(token), await forge(absent)]
      t.same(normal(real, [token]), normal(fake, [absent]))
      t.equal(real.status, 401)
    }
  })

  t.test('nothing of the first tenant changed, and its provider was not asked', async t => {
    await app.quiet()
    const after = await state(app, first)
    t.same(Object.keys(after).filter(table => after[table] !== before[table] && !['inbound_refused', 'inbound_refused_counters', 'inbound_refused_slots', 'report_deltas', 'report_figures'].includes(table)), [])
    t.same(app.simulator.requests().slice(asked).filter(({ method }) => method !== 'GET').map(({ path }) => path), [])
  })

  t.test('without a credential nothing is answered but 401', async t => {
    t.same(operations.filter(({ path, public: open }) => open && path.startsWith('/v1/')).map(({ name }) => name), withoutCredential)
    for (const operation of operations.filter(({ path, public: open }) => path.startsWith('/v1/') && !open)) {
      for (const credential of noCredentials) {
        const answer = await send(app, operation, idsOf(operation, things), credential)
        t.match([answer.status, answer.body?.code], [401, 'unauthenticated'], operation.name)
      }
    }
  })

  t.test('a key without the scope is told so, whatever it asks for', async t => {
    t.same(operations.filter(({ path, public: open, scope }) => path.startsWith('/v1/') && !open && scope === undefined).map(({ name }) => name).sort(), anyone.toSorted())
    const keys = new Map<Scope, string>()
    const other = async (scope: Scope) => {
      const held = scope === 'alerts:read' ? 'events:read' : 'alerts:read'
      if (!keys.has(held)) keys.set(held, await first.key({ scopes: [held] }))
      return keys.get(held)!
    }
    for (const operation of operations.filter(({ scope }) => scope !== undefined)) {
      t.ok((scopes as readonly string[]).includes(operation.scope!), `${operation.scope} is a scope`)
      for (const ids of [idsOf(operation, things), operation.parameters.map(() => 'nothing_like_an_id')]) {
        const answer = await send(app, operation, ids, { key: await other(operation.scope!) })
        t.match([answer.status, answer.body?.code], [403, 'forbidden'], `${operation.name} needs ${operation.scope}`)
      }
    }
  })

  t.test('in the other mode it is not there', async t => {
    const live = await first.key({ mode: 'live' })
    for (const operation of withId) {
      const cases = idsFor(t, operation, things)
      if (cases === 'everybody’s' || !things.get(collections[operation.path.split('/')[2]!]!.kind)!.moded) continue
      for (const { real, absent, what } of cases) {
        const [known, unknown] = await Promise.all([send(app, operation, real, { key: live }), send(app, operation, absent, { key: live })])
        t.same(normal(known, real), normal(unknown, absent), `${operation.name}${what}`)
        t.equal(known.status, 404, `${operation.name}${what}`)
      }
    }
  })

  t.test('and all this is about things that are there: their owner gets another answer', async t => {
    const destructive = (operation: Operation) => operation.method === 'DELETE' ? 1 : 0
    for (const operation of withId.toSorted((a, b) => destructive(a) - destructive(b))) {
      const cases = idsFor(t, operation, things)
      if (cases === 'everybody’s') continue
      const { real, absent } = cases[0]!
      const owner = things.get(collections[operation.path.split('/')[2]!]!.kind)!.owner ?? { key: first.testKey }
      const unknown = await send(app, operation, absent, owner)
      const known = await send(app, operation, real, owner)
      t.equal(unknown.status, 404, `${operation.name}: absent`)
      t.not(known.status, 404, `${operation.name}: there`)
      // A draft has no document yet, and nobody can pay it; UBL and VERI*FACTU are Spain's, and this issuer is of Mexico.
      const expected = /^GET \/v1\/invoices\/\{id\}\/(xml|pdf|payment_link)$/.test(operation.name) ? 409 : /\/(ubl|verifactu)$/.test(operation.name) ? 422 : 200
      if (operation.method === 'GET') t.equal(known.status, expected, operation.name)
      t.ok(known.status < 500, `${operation.name} answers ${known.status}`)
    }
  })
})

/** One of each kind, of the first tenant. */
async function belongings (app: TestApp, tenant: AppTenant): Promise<Map<IdKind, Thing>> {
  const { client } = tenant
  const mine = { key: tenant.testKey }
  const payment = await app.must('POST', '/v1/payments', { ...mine, body: order })
  const refund = await app.must('POST', `/v1/payments/${payment.id}/refunds`, { ...mine, body: { amount: 100 } })
  await app.must('POST', '/v1/payments', { ...mine, body: { ...order, method: card('pm_card_createDispute') } })
  const session = await person(app, tenant)
  const user = await app.must('POST', '/v1/users', { ...session, body: { email: 'viewer@example.com', name: 'Viewer', role: 'viewer', password: 'correct horse battery' } })
  const invitation = await app.must('POST', '/v1/invitations', { ...session, body: { email: 'invited@first.example', role: 'viewer' } })
  const platform = { key: app.platformKey }
  // Not the one that asks: revoking it would end the test.
  const key = await app.must('POST', '/v1/api_keys', { ...mine, body: { mode: 'test' } })
  const partner = await app.must('POST', '/v1/partners', { ...platform, body: { name: 'Partner' } })
  await app.must('PUT', `/v1/partners/${partner.id}/tenants/${tenant.id}`, platform)
  const inbound = await eventually('a webhook arrived', async () => (await client('GET', '/v1/inbound_events')).body.data[0] as { id: string } | undefined)
  await inTenant(app.hub.db, tenant.uuid, async db => { await raiseAlert(db, app.hub.now(), { kind: 'webhooks_missed', severity: 'critical', mode: 'test', subjectId: payment.id }) })
  const document = await inTenant(app.hub.db, tenant.uuid, await storeDocument(app.hub, tenant.uuid, { mode: 'test', kind: 'xml', subjectType: 'payment', subjectId: parseId('payment', payment.id)!, name: 'a.xml', contentType: 'application/xml', bytes: Buffer.from('<a/>') }))
  const audit = await app.must('POST', `/v1/connections/${tenant.connection}/audit`, mine)
  await app.must('POST', `/v1/connections/${tenant.connection}/read_transactions`, mine)
  await app.must('POST', '/v1/reports/reconciliation/run', { ...mine, body: {} })
  await app.quiet()
  const newest = async (path: string, asked: Asked = mine): Promise<{ id: string }> => (await app.must('GET', path, asked)).data[0]
  const customer = await app.must('POST', '/v1/customers', { ...mine, body: { name: 'Ana' } })
  const method = await app.must('POST', `/v1/customers/${customer.id}/payment_methods`, { ...mine, body: card('pm_card_visa') })
  const plan = await app.must('POST', '/v1/plans', { ...mine, body: monthly })
  const subscribe = async () => await app.must('POST', '/v1/subscriptions', { ...mine, body: { customer: customer.id, plan: plan.id } })
  // The first stays open when the second is canceled, so that the customer is not forgotten before the method is removed.
  await subscribe()
  const issuer = await app.must('POST', '/v1/issuers', { ...mine, body: school })
  await app.must('POST', '/v1/payment_links', { ...mine, body: { amount: 19900, currency: 'MXN', invoice: { customer: { name: 'ANA', tax_id: 'XAXX010101000', address: { postal_code: '26015' }, mx: { regime: '616', cfdi_use: 'S01' } } } } })
  const bankAccount = await app.must('POST', '/v1/bank_accounts', { ...mine, body: { currency: 'MXN', clabe: '002010077777777771', beneficiary: 'School' } })
  const statement = await app.must('POST', '/v1/bank_statements', { ...mine, body: { bank_account: bankAccount.id, file: statementFile, mapping: { date: 'Fecha', credit: 'Abono', debit: 'Cargo' } } })
  const mail = await prepareMail(app.hub, tenant.uuid, { mode: 'test', subjectType: 'issuer', subjectId: parseId('issuer', issuer.id)!, automatic: false, recipients: [{ kind: 'to', address: 'ana@example.com' }], letter, documents: [] })
  await inTenant(app.hub.db, tenant.uuid, async db => {
    await mail.insert(db)
    // There is no mail server, so it would be tried while others look.
    await setTimer(db, 'mail', mail.id, new Date(app.hub.now().getTime() + 24 * 3600_000))
  })
  const channel = await app.must('POST', '/v1/notification_channels', { ...mine, body: { type: 'web_push', web_push: { subject: 'mailto:a@example.com' } } })
  const browser = await app.must('POST', '/v1/web_push/subscriptions', { ...mine, body: { customer: customer.id, subscription: browserSubscription } })
  const notice = await prepareNotice(app.hub, tenant.uuid, { kind: 'correct_your_data', mode: 'test', subjectType: 'payment', subjectId: parseId('payment', payment.id)!, addressee: { push: parseId('customer', customer.id)!, language: 'en' }, data: { amount: { amount: 100, currency: 'MXN' }, url: 'https://hub.example/x' } })
  const told = await inTenant(app.hub.db, tenant.uuid, async db => {
    const made = (await notice.insert(db)).find(({ status }) => status === 'queued')
    // There is no such push service.
    await setTimer(db, 'notice', parseId('notice', made!.id!)!, new Date(app.hub.now().getTime() + 24 * 3600_000))
    return made
  })
  const series = await app.must('POST', '/v1/series', { ...mine, body: { issuer: issuer.id, document: 'invoice', prefix: 'A' } })
  const certificate = await app.must('POST', '/v1/certificates', { ...mine, body: csdOf('EKU9003173C9') })
  // To a provider that seals; that this one does not is another matter.
  await inTenant(app.hub.db, tenant.uuid, async db => {
    await insertConsent(db, { id: newUuid(app.hub.now()), certificateId: parseId('certificate', certificate.id)!, connectionId: parseId('connection', tenant.connection)!, textVersion: '2026-11', givenBy: 'usr_1' }, app.hub.now())
  })
  const global = newUuid(app.hub.now())
  await inTenant(app.hub.db, tenant.uuid, async db => {
    await insertGlobal(db, {
      id: global, mode: 'test', issuer_id: parseId('issuer', issuer.id)!, branch: null, currency: 'MXN', status: 'making', periodicity: '04', months: '10', year: 2026, period_from: '2026-10-01', period_to: '2026-10-31', tickets: 1, total: '116.00', created_at: app.hub.now()
    })
  })
  const [chain, record, systemEvent] = [newUuid(app.hub.now()), newUuid(app.hub.now()), newUuid(app.hub.now())]
  await inTenant(app.hub.db, tenant.uuid, async db => {
    const now = app.hub.now()
    await insertChain(db, { id: chain, mode: 'test', nif: 'B65410011', issuerId: parseId('issuer', issuer.id)! }, now)
    await insertRecord(db, {
      id: record, chain_id: chain, position: 1, mode: 'test', issuer_id: parseId('issuer', issuer.id)!, invoice_id: newUuid(now), kind: 'alta', number: 'A1', date: '21-11-2026', operation_date: null, type: 'F1', tax: '21.00', total: '121.00', correction: null,
      xml: '<x/>', huella: 'A', previous_huella: '', generated_at: '2026-11-21T10:00:00+01:00', system: 'no_verifactu', status: 'kept'
    }, now)
    await insertEvent(db, { id: systemEvent, chain_id: chain, position: 1, mode: 'test', type: '01', xml: '<x/>', huella: 'A', generated_at: '2026-11-21T10:00:00+01:00' }, now)
  })
  const endpoint = await app.must('POST', '/v1/webhook_endpoints', { ...mine, body: webhookEndpoint })
  const delivery = newUuid(app.hub.now())
  await inTenant(app.hub.db, tenant.uuid, async db => {
    await insertTest(db, { partnerId: null, mode: 'test' }, { id: delivery, endpointId: parseId('webhook_endpoint', endpoint.id)!, eventId: newUuid(app.hub.now()), type: 'webhook_endpoint.test', payload: '{}' }, app.hub.now())
  })
  const ids: Record<string, { id: string, owner?: Asked }> = {
    webhook_endpoint: endpoint,
    delivery: { id: publicId('delivery', delivery) },
    verifactu_record: { id: publicId('verifactu_record', record) },
    verifactu_event: { id: publicId('verifactu_event', systemEvent) },
    sale: await app.must('POST', '/v1/sales', { ...mine, body: { issuer: issuer.id, amount: 11600 } }),
    global_invoice: { id: publicId('global_invoice', global) },
    store_credit: await app.must('POST', '/v1/store_credits', { ...mine, body: { amount: 1000, currency: 'MXN' } }),
    issuer,
    bank_account: bankAccount,
    bank_statement: statement,
    bank_entry: statement.entries[0],
    invoice: await app.must('POST', '/v1/invoices', { ...mine, body: { ...invoiceDraft, issuer: issuer.id } }),
    series,
    certificate,
    customer,
    payment_method: method,
    plan,
    subscription: await subscribe(),
    payment,
    refund,
    checkout_session: await app.must('POST', '/v1/checkout_sessions', { ...mine, body: checkout }),
    payment_link: await app.must('POST', '/v1/payment_links', { ...mine, body: { amount: 19900, currency: 'MXN' } }),
    dispute: await eventually('a dispute is told', async () => (await client('GET', '/v1/disputes')).body.data[0] as { id: string } | undefined),
    connection: { id: tenant.connection },
    inbound,
    event: await newest('/v1/events'),
    operation: await newest('/v1/operations'),
    alert: await newest('/v1/alerts'),
    document: { id: publicId('document', document) },
    balance_transaction: await newest('/v1/balance_transactions'),
    completeness_audit: { id: audit.id },
    reconciliation_item: await newest('/v1/reports/reconciliation'),
    mail: { id: publicId('mail', mail.id) },
    notice: { id: told!.id! },
    notification_channel: channel,
    push_subscription: { id: browser.id },
    support_access: { id: (await supportEntered(app, tenant)).id, owner: session },
    user: { id: user.id, owner: session },
    invitation: { id: invitation.id, owner: session },
    session: { ...await newest('/v1/sessions', session), owner: session },
    api_key: key,
    partner: { id: partner.id, owner: platform },
    tenant: { id: tenant.id, owner: platform }
  }
  return new Map(Object.values(collections).map(({ kind, moded }) => {
    const { id, owner } = ids[kind] ?? {}
    if (id === undefined) throw new Error(`say in belongings() how a ${kind} comes to be`)
    // Of the same moment, because a list's cursor is a moment.
    return [kind, { id, absent: () => id.slice(0, -16) + randomBytes(8).toString('hex'), moded, ...(owner !== undefined && { owner }) }]
  }))
}

/** A person of support, in this tenant's data. */
async function supportEntered (app: TestApp, tenant: AppTenant): Promise<{ id: string }> {
  const email = `support@${tenant.uuid}.example`
  await app.must('POST', '/v1/users', { key: app.platformKey, body: { email, name: 'Support', role: 'support', password: 'correct horse battery' } })
  const session = await app.ask('POST', '/v1/sessions', { body: { email, password: 'correct horse battery' } })
  const headers = { cookie: session.headers.getSetCookie()[0]!.split(';')[0]!, 'x-csrf-token': session.body.csrf_token }
  return await app.must('POST', '/v1/support_access', { headers, body: { tenant: tenant.id, reason: 'they called about a payment', minutes: 60 } })
}

/** A tenant's administrator, logged in: what a request of theirs carries. */
async function person (app: TestApp, tenant: AppTenant): Promise<Asked> {
  const email = `admin@${tenant.uuid}.example`
  await app.must('POST', '/v1/users', { key: app.platformKey, headers: { 'pasarela-tenant': tenant.id }, body: { email, name: 'Admin', role: 'tenant_admin', password: 'correct horse battery' } })
  const session = await app.ask('POST', '/v1/sessions', { body: { email, password: 'correct horse battery' } })
  if (session.status !== 201) throw new Error(`no session: ${session.text}`)
  const cookie = session.headers.getSetCookie()[0]!.split(';')[0]!
  return { headers: { cookie, 'x-csrf-token': session.body.csrf_token, 'pasarela-mode': 'test' } }
}

/** Every operation of the document. */
async function published (app: TestApp): Promise<Operation[]> {
  const { body: document } = await app.ask('GET', '/openapi.json')
  return Object.entries(document.paths as Record<string, Record<string, any>>).flatMap(([path, item]) => Object.entries(item).map(([method, operation]): Operation => {
    const named = operation.requestBody?.content?.['application/json']?.schema
    const schema = named?.$ref === undefined ? named : document.components.schemas[named.$ref.split('/').at(-1)]
    return {
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase() as Method,
      path,
      parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!),
      query: (operation.parameters as { in?: string, name: string }[] ?? []).filter(parameter => parameter.in === 'query').map(({ name }) => name),
      scope: /Needs the scope `([^`]+)`/.exec(operation.description ?? '')?.[1] as Scope | undefined,
      public: Array.isArray(operation.security) && operation.security.length === 0,
      bodyRequired: operation.requestBody?.required === true,
      bodyNames: Object.entries<any>(schema?.properties ?? {}).filter(([, { type }]) => type === 'string').map(([name]) => name)
    }
  }))
}

/** For each parameter of the path: the ids with the real thing in its place, and the same with an absent one. */
function idsFor (t: Test, operation: Operation, things: Map<IdKind, Thing>): { real: string[], absent: string[], what: string }[] | 'everybody’s' {
  const kinds = kindsOf(operation)
  if (kinds === 'everybody’s') return kinds
  if (typeof kinds === 'string') {
    t.fail(kinds)
    return 'everybody’s'
  }
  const real = kinds.map(kind => things.get(kind)!.id)
  return kinds.map((kind, index) => ({ real, absent: real.with(index, things.get(kind)!.absent()), what: kinds.length > 1 ? ` {${operation.parameters[index]}}` : '' }))
}

/** What each parameter names: `{id}` the thing of the first collection, `{tenant_id}` a tenant. Otherwise what is missing here. */
function kindsOf (operation: Operation): IdKind[] | string {
  const collection = operation.path.split('/')[2]!
  if (everybodys.has(collection)) return 'everybody’s'
  const kinds = operation.parameters.map(name => name === 'id' ? collections[collection]?.kind : Object.values(collections).find(({ kind }) => `${kind}_id` === name)?.kind)
  const unknown = operation.parameters.find((_, index) => kinds[index] === undefined)
  return unknown === undefined ? kinds as IdKind[] : `${operation.name}: say in \`collections\` what {${unknown}} names`
}

function idsOf (operation: Operation, things: Map<IdKind, Thing>): string[] {
  const kinds = kindsOf(operation)
  return typeof kinds === 'string' ? operation.parameters.map(() => 'stripe') : kinds.map(kind => things.get(kind)!.id)
}

function bodyOf (t: Pick<Test, 'fail'> | undefined, operation: Operation): object | undefined {
  const body = bodies[operation.name]
  if (body === undefined && operation.bodyRequired) {
    if (t === undefined) throw new Error(`${operation.name}: say in \`bodies\` what it could be sent`)
    t.fail(`${operation.name}: say in \`bodies\` what it could be sent`)
  }
  return body
}

async function send (app: TestApp, operation: Operation, ids: string[], credential: Asked): Promise<Answer> {
  const path = operation.parameters.reduce((path, name, index) => path.replace(`{${name}}`, ids[index]!), operation.path)
  const body = bodyOf(undefined, operation)
  return await app.ask(operation.method, path, { ...credential, ...(body !== undefined && { body }) })
}

/** What a stranger could compare: all but what differs from one request to the next in any case. */
function normal ({ status, headers, text }: Answer, ids: string[]): object {
  const shown = ids.reduce((result, id) => result.replaceAll(id, '<id>'), text).replace(/"request_id":"[^"]*"/, '"request_id":"<request>"')
  const always = ['date', 'request-id', 'connection', 'keep-alive', 'ratelimit-remaining', 'ratelimit-reset', 'set-cookie']
  const compared: Record<string, string> = {}
  headers.forEach((value, name) => { if (!always.includes(name)) compared[name] = value })
  return { status, text: shown, headers: compared }
}

/** Of each table a digest of the tenant's rows. */
async function state (app: TestApp, tenant: AppTenant): Promise<Record<string, string>> {
  const { owner } = app.database
  const { rows: tables } = await sql<{ name: string, column: string }>`
    select c.relname as name, a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = case c.relname when 'tenants' then 'id' else 'tenant_id' end
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`.execute(owner)
  const entries = await Promise.all(tables.map(async ({ name, column }) => {
    // Partners are the platform's; theirs may not change either. When the tenant's own key was last used is noted once a minute; forged webhooks are counted, and looked at.
    const { rows: [row] } = await sql<{ digest: string }>`select coalesce(md5(string_agg((to_jsonb(r) - 'last_used_at')::text, '|' order by r::text)), '') as digest from ${sql.table(name)} r where (${name} = 'partners' or ${sql.ref(column)} = ${tenant.uuid}) and coalesce(to_jsonb(r) ->> 'kind', '') not in ('refused_share', 'alerts')`.execute(owner)
    return [name, row!.digest] as const
  }))
  return Object.fromEntries(entries)
}
