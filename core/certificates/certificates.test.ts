import { createPublicKey, verify } from 'node:crypto'
import t, { type Test } from 'tap'
import { basicConstraints, keyUsage, madeKey, makeAuthority, makeCertificate, makeCsd, makeP12, type MadeCsd } from '../../test/support/csd.ts'
import { testHub, type TestHub, type TestTenant } from '../../test/support/hub.ts'
import type { Adapter } from '../adapter/define.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { uuidOf } from '../ids.ts'
import { createIssuer, deleteIssuer, getIssuer } from '../issuers/service.ts'
import { exportForProvider, giveConsent, listConsents, withdrawConsent } from './export.ts'
import { certificateFor } from './queries.ts'
import { activateCertificate, changeCertificate, deleteCertificate, getCertificate, listCertificates, listUses, uploadCertificate } from './service.ts'
import { recordUse, signWith, withSigner } from './sign.ts'
import { dueWarning, nextLook } from './watch.ts'

const dayMs = 24 * 3600_000

async function world (t: Test): Promise<TestHub & { shop: TestTenant, days: (count: number) => Date, csd: (options?: Partial<Parameters<typeof makeCsd>[0]>) => MadeCsd, upload: (csd: MadeCsd, more?: object) => Promise<string> }> {
  const made = await testHub(t)
  const shop = await made.tenant()
  const start = made.hub.now()
  const days = (count: number) => new Date(start.getTime() + count * dayMs)
  return {
    ...made, shop, days,
    csd: options => makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA', validFrom: days(-10), validTo: days(100), ...options }),
    upload: async ({ cer, key, passphrase }, more = {}) => (await uploadCertificate(made.hub, shop.access, { cer: cer.toString('base64'), key: key.toString('base64'), passphrase, ...more }, null)).certificate!.id
  }
}

const newIssuer = { country: 'MX', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA', regime: '601', postal_code: '26015' } as const
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => await work.then(() => undefined, (error: HubError) => error.code)
const use = { purpose: 'seal_invoice', subjectId: 'inv_1' }

t.test('the key signs inside, each use is on record, and nothing of it comes out', async t => {
  const { hub, shop, csd, upload, advance } = await world(t)
  const made = csd()
  const id = await upload(made)
  const uuid = uuidOf('certificate', id)
  const bytes = Buffer.from('||4.0|…||')
  let kept: ((bytes: Uint8Array, algorithm: 'RSA-SHA256') => Promise<Buffer>) | undefined
  const signature = await signWith(hub, shop.tenantId, uuid, use, async signer => {
    t.ok(Buffer.from(signer.certificate).equals(made.cer))
    t.same([signer.number, signer.taxId, signer.chain], [made.noCertificado, 'EKU9003173C9', []])
    t.notOk(Object.values(signer).some(value => typeof value === 'object' && value !== null && 'asymmetricKeyType' in value))
    kept = signer.sign
    return await signer.sign(bytes, 'RSA-SHA256')
  })
  t.ok(verify('sha256', bytes, createPublicKey(made.privateKey), signature))
  await t.rejects(kept!(bytes, 'RSA-SHA256'), /after the work had ended/)
  for (const [algorithm, digest] of [['RSA-SHA1', 'sha1'], ['RSA-SHA512', 'sha512']] as const) {
    t.ok(verify(digest, bytes, createPublicKey(made.privateKey), await signWith(hub, shop.tenantId, uuid, { purpose: 'sign_comprobante', subjectId: 'inv_2' }, async ({ sign }) => await sign(bytes, algorithm))))
  }
  await t.rejects(signWith(hub, shop.tenantId, uuid, { purpose: 'fails', subjectId: 'inv_3' }, () => { throw new Error('mine') }), /mine/)
  t.match((await listUses(hub, shop.access, id, { limit: 3 })), { data: [{ purpose: 'fails', subject: 'inv_3' }, { purpose: 'sign_comprobante', subject: 'inv_2' }, { purpose: 'sign_comprobante' }], next_cursor: /^cru_/ })

  // In the transaction of whoever signs: what is rolled back was not used.
  await inTenant(hub.db, shop.tenantId, async db => {
    await recordUse(db, hub.now(), uuid, { purpose: 'rolled_back', subjectId: 'inv_4' })
    throw new Error('undo')
  }).catch(() => {})
  const row = await inTenant(hub.db, shop.tenantId, async db => await recordUse(db, hub.now(), uuid, { purpose: 'committed', subjectId: 'inv_5' }))
  t.ok(verify('sha256', bytes, createPublicKey(made.privateKey), await withSigner(hub, shop.tenantId, row, async ({ sign }) => await sign(bytes, 'RSA-SHA256'))))
  t.same((await listUses(hub, shop.access, id, {})).data.map(({ purpose }) => purpose), ['committed', 'fails', 'sign_comprobante', 'sign_comprobante', 'seal_invoice'])

  const gone = csd({ keyName: 'gone' })
  const deleted = await upload(gone)
  await signWith(hub, shop.tenantId, uuidOf('certificate', deleted), use, async ({ sign }) => await sign(bytes, 'RSA-SHA256'))
  await deleteCertificate(hub, shop.access, deleted)
  t.equal(await codeOf(signWith(hub, shop.tenantId, uuidOf('certificate', deleted), use, () => {})), 'certificate_not_usable', 'deleted, though its key was open a moment ago')

  const other = await world(t)
  t.equal(await codeOf(signWith(hub, other.shop.tenantId, uuid, use, () => {})), 'certificate_not_usable', 'another tenant’s')
  advance(101 * dayMs)
  t.equal(await codeOf(signWith(hub, shop.tenantId, uuid, use, () => {})), 'certificate_not_usable', 'expired')
})

t.test('two overlap, and the switch comes when it was said', async t => {
  const { hub, shop, csd, upload, days, advance, work } = await world(t)
  const issuer = await createIssuer(hub, shop.access, newIssuer, null)
  const issuerId = uuidOf('issuer', issuer.id)
  const at = async (moment: Date) => await inTenant(hub.db, shop.tenantId, async db => (await certificateFor(db, issuerId, moment))?.id)
  const statuses = async () => (await listCertificates(hub, shop.access, {})).data.map(({ id, status }) => [id, status])
  const first = await upload(csd())
  const second = await upload(csd({ validTo: days(1400), keyName: 'second' }))
  t.same(await statuses(), [[second, 'scheduled'], [first, 'active']])
  t.equal((await getCertificate(hub, shop.access, second)).active_from, (await getCertificate(hub, shop.access, first)).valid_to, 'unless somebody says sooner, when the first one ends')
  t.same([await at(days(50)), await at(days(99)), await at(days(101)), await at(days(1401)), await at(days(-20))], [uuidOf('certificate', first), uuidOf('certificate', first), uuidOf('certificate', second), undefined, undefined])

  t.match(await activateCertificate(hub, shop.access, second, { at: days(20).toISOString() }), { status: 'scheduled' })
  t.same([await at(days(19.9)), await at(days(20.1))], [uuidOf('certificate', first), uuidOf('certificate', second)])
  await work()
  advance(21 * dayMs)
  t.same(await statuses(), [[second, 'active'], [first, 'replaced']])
  await work()
  t.equal((await getIssuer(hub, shop.access, issuer.id)).certificate, second)
  const told = await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('events').select(['type', 'subject_id']).where('type', '=', 'certificate.activated').orderBy('id').execute())
  t.same(told.map(({ subject_id: id }) => id), [uuidOf('certificate', first), uuidOf('certificate', second)], 'each switch is told once')

  t.match(await activateCertificate(hub, shop.access, first, {}), { status: 'active' }, 'and back at once')
  t.same(await statuses(), [[second, 'replaced'], [first, 'active']])
  await deleteCertificate(hub, shop.access, first)
  t.same(await statuses(), [[second, 'active']], 'what was replaced takes over again')

  t.equal(await codeOf(activateCertificate(hub, shop.access, second, { at: days(2000).toISOString() })), 'request_invalid', 'after its end')
  t.equal(await codeOf(activateCertificate(hub, shop.access, second, { at: days(1).toISOString() })), 'request_invalid', 'in the past')
  advance(1400 * dayMs)
  t.same(await statuses(), [[second, 'expired']])
  t.equal(await codeOf(activateCertificate(hub, shop.access, second, {})), 'certificate_not_usable')
})

t.test('alerts at 60, 30, 15, 7 and 1 days and at the end, once each', async t => {
  const { hub, shop, csd, upload, advance, work } = await world(t)
  const id = await upload(csd())
  const alerts = async () => await inTenant(hub.db, shop.tenantId, async db => (await db.selectFrom('alerts').select(['kind', 'severity', 'times', 'detail']).where('subject_id', '=', id).orderBy('id').execute()).map(({ kind, severity, times, detail }) => [kind, severity, times, (detail as { days: number }).days]))
  await work()
  t.same(await alerts(), [])
  const expected: unknown[] = []
  let left = 100
  for (const [days, kind, severity] of [[60, 'certificate_expiring', 'info'], [30, 'certificate_expiring', 'warning'], [15, 'certificate_expiring', 'warning'], [7, 'certificate_expiring', 'critical'], [1, 'certificate_expiring', 'critical'], [0, 'certificate_expired', 'critical']] as const) {
    advance((left - days) * dayMs - 60_000)
    await work()
    t.same(await alerts(), expected, `not a minute before ${days} days`)
    advance(120_000)
    await work()
    await work()
    expected.push([kind, severity, 1, days])
    t.same(await alerts(), expected, `${days} days`)
    advance(-60_000)
    left = days
  }
  t.same(await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('timers').selectAll().where('kind', '=', 'certificate').execute()), [], 'then it rests')
  const types = await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('events').select('type').where('type', 'like', 'certificate.exp%').orderBy('id').execute())
  t.same(types.map(({ type }) => type), [...Array(5).fill('certificate.expiring'), 'certificate.expired'])
})

t.test('no alert while another takes its place; one when that is gone; and one at once for what is nearly over', async t => {
  const { hub, shop, csd, upload, days, advance, work } = await world(t)
  await createIssuer(hub, shop.access, newIssuer, null)
  const first = await upload(csd())
  const second = await upload(csd({ validTo: days(1400), keyName: 'second' }))
  const alerts = async () => (await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('alerts').select(['subject_id', 'detail']).orderBy('id').execute())).map(({ subject_id: subject, detail }) => [subject, (detail as { days: number }).days])
  advance(41 * dayMs)
  await work()
  t.same(await alerts(), [], 'the second one is there for the end of the first')
  await deleteCertificate(hub, shop.access, second)
  advance(30 * dayMs)
  await work()
  t.same(await alerts(), [[first, 30]])
  const short = await upload(csd({ validTo: days(100), keyName: 'third' }))
  await work()
  t.same(await alerts(), [[first, 30], [short, 30]], 'of the warnings that are past only the narrowest')
  advance(30 * dayMs)
  await work()
  t.same((await alerts()).length, 4, 'after weeks without a worker one each')
})

t.test('what is due, and when to look next', async t => {
  const end = new Date('2027-01-01T00:00:00Z')
  const on = (date: string, warned: number | null = null) => [dueWarning({ valid_to: end, warned_days: warned, active_from: end, switched_at: end }, new Date(date)), nextLook({ valid_to: end, warned_days: warned, active_from: end, switched_at: end }, new Date(date))?.toISOString().slice(0, 10)]
  t.same(on('2026-10-01T00:00:00Z'), [undefined, '2026-11-02'])
  t.same(on('2026-11-02T00:00:00Z'), [60, '2026-11-02'])
  t.same(on('2026-11-02T00:00:00Z', 60), [undefined, '2026-12-02'])
  t.same(on('2026-12-20T00:00:00Z', 60), [15, '2026-12-20'])
  t.same(on('2026-12-20T00:00:00Z', 15), [undefined, '2026-12-25'])
  t.same(on('2026-12-31T23:59:59Z', 1), [undefined, '2027-01-01'], 'its last second belongs to it')
  t.same(on('2027-01-01T00:00:01Z', 1), [0, '2027-01-01'])
  t.same(on('2028-01-01T00:00:00Z', 0), [undefined, undefined])
})

t.test('a certificate and its issuer find each other, whichever comes first', async t => {
  const { hub, shop, csd, upload } = await world(t)
  const early = await upload(csd())
  t.equal((await getCertificate(hub, shop.access, early)).issuer, null)
  const issuer = await createIssuer(hub, shop.access, newIssuer, null)
  t.equal((await getCertificate(hub, shop.access, early)).issuer, issuer.id)
  t.equal(issuer.certificate, early)
  t.equal(await codeOf(deleteIssuer(hub, shop.access, issuer.id)), 'invalid_state', 'it still has a certificate')

  const another = csd({ rfc: 'JES900109Q90', name: 'JIMENEZ' })
  const stranger = await upload(another)
  t.equal((await getCertificate(hub, shop.access, stranger)).issuer, null)
  t.equal(await codeOf(changeCertificate(hub, shop.access, stranger, { issuer: issuer.id })), 'request_invalid', 'of another RFC')
  t.equal(await codeOf(upload(csd({ rfc: 'JES900109Q90', name: 'JIMENEZ', keyName: 'more' }), { issuer: issuer.id })), 'certificate_refused')
  const second = await createIssuer(hub, shop.access, { ...newIssuer, tax_id: 'JES900109Q90' }, null)
  t.equal((await getCertificate(hub, shop.access, stranger)).issuer, second.id)
  await deleteCertificate(hub, shop.access, stranger)
  await deleteIssuer(hub, shop.access, second.id)
  t.equal(await codeOf(getIssuer(hub, shop.access, second.id)), 'not_found')
})

t.test('a .p12 of Ecuador: its issuer by cédula, its chain added afterwards', async t => {
  const { hub, shop, days } = await world(t)
  const root = makeAuthority('Raíz')
  const authority = makeAuthority('Subordinada', { issuer: root })
  const key = madeKey('ecuador')
  const certificate = makeCertificate({ subject: [['2.5.4.6', 'EC'], ['2.5.4.3', 'JUAN PEREZ'], ['2.5.4.5', '1710034065-1']], key, serial: Buffer.from([7]), validFrom: days(-1), validTo: days(400), issuer: authority, extensions: [basicConstraints(false), keyUsage('digitalSignature')] })
  const p12 = makeP12({ pairs: [{ key: key.privateKey, certificate }], passphrase: 'ñandú' }).toString('base64')
  const issuer = await createIssuer(hub, shop.access, { country: 'EC', tax_id: '1710034065001', legal_name: 'JUAN PEREZ' }, null)
  const { certificate: kept } = await uploadCertificate(hub, shop.access, { p12, passphrase: 'ñandú' }, null)
  t.match(kept, { kind: 'p12', issuer: issuer.id, number: null, chain_length: 0, status: 'active' })
  t.match(kept!.report.checks.find(({ name }) => name === 'chain'), { ok: false, severity: 'warning' })
  const bundle = Buffer.from([root, authority].map(({ certificate }) => `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`).join('')).toString('base64')
  t.match(await changeCertificate(hub, shop.access, kept!.id, { ca: bundle, label: 'Firma' }), { chain_length: 2, label: 'Firma', report: { chain: [{ subject: /Subordinada/ }, { subject: /Raíz/ }] } })
  await signWith(hub, shop.tenantId, uuidOf('certificate', kept!.id), use, ({ chain }) => { t.same(chain.map(each => Buffer.from(each)), [authority.certificate, root.certificate]) })
  for (const ca of [makeAuthority('Otra').certificate, Buffer.from('x'), certificate]) t.equal(await codeOf(changeCertificate(hub, shop.access, kept!.id, { ca: ca.toString('base64') })), 'request_invalid')
  const mexican = await createIssuer(hub, shop.access, newIssuer, null)
  t.equal(await codeOf(changeCertificate(hub, shop.access, kept!.id, { issuer: mexican.id })), 'request_invalid')
})

t.test('the key leaves only to a PAC that seals, by consent, and on record', async t => {
  const { hub, shop, csd, upload } = await world(t)
  const made = csd()
  const id = await upload(made)
  const uuid = uuidOf('certificate', id)
  const connection = await shop.connect()
  const open = async () => await hub.open((await inTenant(hub.db, shop.tenantId, async db => await loadSealed(db, uuidOf('connection', connection))))!)
  const body = { connection, accept: true } as const
  t.equal(await codeOf(giveConsent(hub, shop.access, id, body)), 'capability_not_supported', 'this provider seals nothing')
  t.equal(await codeOf(exportForProvider(hub, await open(), uuid, shop.access)), 'consent_missing')

  // The same provider, as if it sealed.
  const stripe = hub.adapters.get('stripe')!
  const sealing: Hub = { ...hub, adapters: { ...hub.adapters, get: () => ({ ...stripe, invoicing: { seals: 'provider' } }) as unknown as Adapter } }
  t.equal(await codeOf(giveConsent(sealing, shop.access, id, { connection: 'con_00000000000000000000000000000000', accept: true })), 'request_invalid')
  const consent = await giveConsent(sealing, shop.access, id, body)
  t.match(consent, { object: 'certificate_consent', certificate: id, connection, given_by: shop.access.principal.id, withdrawn_at: null, text: /private key and its passphrase/ })
  t.same(await giveConsent(sealing, shop.access, id, body), consent, 'agreeing twice is agreeing once')

  const exported = await exportForProvider(hub, await open(), uuid, shop.access)
  t.same([exported.passphrase, exported.number, exported.taxId], [made.passphrase, made.noCertificado, 'EKU9003173C9'])
  t.ok(exported.certificate.equals(made.cer))
  t.ok(exported.key.equals(made.key), 'the very file that was uploaded')
  await exportForProvider(hub, await open(), uuid, { system: 'upload-job' })
  const insecure = { ...await open(), context: () => ({ origin: () => 'http://provider.example' }) }
  t.equal(await codeOf(exportForProvider(hub, insecure as never, uuid, shop.access)), 'connection_not_usable', 'not in clear')
  t.match((await listUses(hub, shop.access, id, {})).data, [{ purpose: 'export', subject: connection }, { purpose: 'export', subject: connection }])
  const audit = await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('audit_log').select(['action', 'actor_id']).where('subject_id', '=', id).orderBy('id').execute())
  t.match(audit.map(({ action }) => action), ['certificate.created', 'certificate.consent_given', 'certificate.exported', 'certificate.exported'])

  await withdrawConsent(hub, shop.access, id, connection)
  await withdrawConsent(hub, shop.access, id, connection)
  t.equal(await codeOf(withdrawConsent(hub, shop.access, id, await shop.connect())), 'not_found', 'one that was never given')
  t.equal(await codeOf(exportForProvider(hub, await open(), uuid, shop.access)), 'consent_missing')
  t.match((await listConsents(hub, shop.access, id)).data, [{ withdrawn_at: String }])
  await giveConsent(sealing, shop.access, id, body)
  await deleteCertificate(hub, shop.access, id)
  t.equal(await codeOf(exportForProvider(hub, await open(), uuid, shop.access)), 'consent_missing', 'nothing is left to hand out')
  t.equal(await codeOf(giveConsent(sealing, shop.access, id, body)), 'certificate_not_usable')
})

t.test('a CSD out of a .pfx is handed out as the SAT’s programs write it', async t => {
  const { hub, shop, csd } = await world(t)
  const made = csd()
  const p12 = makeP12({ pairs: [{ key: made.privateKey, certificate: made.cer }], passphrase: 'pfx pass' })
  const { certificate } = await uploadCertificate(hub, shop.access, { p12: p12.toString('base64'), passphrase: 'pfx pass' }, null)
  t.match(certificate, { kind: 'csd', number: made.noCertificado })
  const connection = await shop.connect()
  const stripe = hub.adapters.get('stripe')!
  await giveConsent({ ...hub, adapters: { ...hub.adapters, get: () => ({ ...stripe, invoicing: { seals: 'provider' } }) as unknown as Adapter } }, shop.access, certificate!.id, { connection, accept: true })
  const opened = await hub.open((await inTenant(hub.db, shop.tenantId, async db => await loadSealed(db, uuidOf('connection', connection))))!)
  const { key, passphrase, certificate: cer } = await exportForProvider(hub, opened, uuidOf('certificate', certificate!.id), shop.access)
  const { certificate: again } = await uploadCertificate(hub, { ...shop.access, mode: 'live' }, { cer: cer.toString('base64'), key: key.toString('base64'), passphrase }, null)
  t.match(again, { kind: 'csd', mode: 'live', number: made.noCertificado })
})
