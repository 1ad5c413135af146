import t from 'tap'
import { makeCsd, makeP12, type MadeCsd } from '../../test/support/csd.ts'
import { dump, leaks } from '../../test/support/leaks.ts'
import { type AppTenant, testApp, type TestApp } from '../../test/support/app.ts'

const years = 365 * 24 * 3600_000
const from = new Date(Date.now() - years)
const csd = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE', validFrom: from, validTo: new Date(Date.now() + 2 * years), passphrase: 'correct horse 8a' })
const fiel = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE', kind: 'fiel' })
const base64 = ({ cer, key, passphrase }: MadeCsd) => ({ cer: cer.toString('base64'), key: key.toString('base64'), passphrase })

function form (parts: Record<string, string | Uint8Array>): FormData {
  const data = new FormData()
  for (const [name, part] of Object.entries(parts)) {
    if (typeof part === 'string') data.append(name, part)
    else data.append(name, new Blob([new Uint8Array(part)]), `${name}.bin`)
  }
  return data
}

interface Sent { status: number, body: any, headers: Headers }

async function post (app: TestApp, key: string, body: FormData | string, headers: Record<string, string> = {}, path = '/v1/certificates', method = 'POST'): Promise<Sent> {
  const answer = await fetch(app.url + path, { method, body, headers: { authorization: `Bearer ${key}`, ...headers } })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers }
}

t.test('certificates over HTTP', async t => {
  const app = await testApp(t)
  const shop = await app.tenant({ connect: false })
  const issuerOf = async (tenant: AppTenant) => await app.must('POST', '/v1/issuers', { key: tenant.testKey, body: { country: 'MX', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '26015' } })
  const issuer = await issuerOf(shop)

  t.test('a form with files is looked at without being kept', async t => {
    const { status, body } = await post(app, shop.testKey, form({ cer: csd.cer, key: csd.key, passphrase: csd.passphrase, dry_run: 'true' }))
    t.match({ status, body }, { status: 200, body: { object: 'certificate_report', report: { ok: true, kind: 'csd', number: csd.noCertificado, holder: { tax_id: 'EKU9003173C9' } } } })
    const wrong = await post(app, shop.testKey, form({ cer: csd.cer, key: csd.key, passphrase: 'x', dry_run: 'true' }))
    t.match(wrong, { status: 200, body: { report: { ok: false } } })
    t.same((await shop.client('GET', '/v1/certificates')).body, { data: [], next_cursor: null })
  })

  t.test('what cannot be used is refused, with the report, the field and the language', async t => {
    const refused = await post(app, shop.testKey, form({ cer: fiel.cer, key: fiel.key, passphrase: fiel.passphrase }), { 'accept-language': 'es' })
    t.match(refused, { status: 422, body: { code: 'certificate_refused', report: { ok: false, kind: 'fiel' }, errors: [{ path: 'cer', message: /FIEL.*tramite un CSD/ }] } })
    t.match(refused.body.report.checks.find(({ name }: { name: string }) => name === 'kind'), { ok: false, severity: 'error', detail: /FIEL/ })
    const paths = async (parts: Record<string, string | Uint8Array>) => (await post(app, shop.testKey, form(parts))).body.errors.map(({ path }: { path: string }) => path)
    t.same(await paths({ cer: csd.cer, key: csd.key, passphrase: 'wrong' }), ['passphrase'])
    t.same(await paths({ cer: csd.key, key: csd.cer, passphrase: csd.passphrase }), ['cer', 'key'])
    t.same(await paths({ cer: csd.cer, key: csd.key.subarray(0, 100), passphrase: csd.passphrase }), ['key'])
    t.same(await paths({ cer: csd.cer, passphrase: csd.passphrase }), ['key'])
    t.same(await paths({ cer: csd.cer, key: makeCsd({ rfc: 'JES900109Q90', name: 'J' }).key, passphrase: '12345678a' }), ['key'])
    t.same(await paths({ label: 'nothing' }), ['cer'])
    t.same((await shop.client('GET', '/v1/certificates')).body.data, [])
  })

  let id = ''
  t.test('what can be used is kept, once, whether it comes as a form or as JSON', async t => {
    const first = await post(app, shop.testKey, form({ cer: csd.cer, key: csd.key, passphrase: csd.passphrase, label: 'Matriz' }), { 'idempotency-key': 'upload-1' })
    t.match(first, { status: 201, body: { id: /^cer_/, object: 'certificate', mode: 'test', status: 'active', kind: 'csd', label: 'Matriz', issuer: issuer.id, number: csd.noCertificado, holder: { name: 'ESCUELA KEMPER URGATE', tax_id: 'EKU9003173C9' }, days_left: 729, report: { ok: true } } })
    id = first.body.id
    // The same parts in another form: another boundary, another order.
    const again = await post(app, shop.testKey, form({ label: 'Matriz', passphrase: csd.passphrase, key: csd.key, cer: csd.cer }), { 'idempotency-key': 'upload-1' })
    t.match([again.status, again.headers.get('idempotent-replayed'), again.body], [201, 'true', first.body])
    t.match(await post(app, shop.testKey, form({ cer: csd.cer, key: csd.key, passphrase: csd.passphrase, label: 'Other' }), { 'idempotency-key': 'upload-1' }), { status: 422, body: { code: 'idempotency_mismatch' } })
    t.match(await shop.client('POST', '/v1/certificates', { body: base64(csd) }), { status: 409, body: { code: 'already_exists' } })
    t.match((await shop.client('GET', '/v1/certificates')).body.data, [{ id }])
    t.equal((await app.must('GET', `/v1/issuers/${issuer.id}`, { key: shop.testKey })).certificate, id)
  })

  t.test('a form that is none, or too much', async t => {
    const { testKey } = shop
    t.match(await post(app, testKey, 'nonsense', { 'content-type': 'multipart/form-data; boundary=x' }), { status: 400, body: { code: 'request_invalid' } })
    t.match(await post(app, testKey, 'nonsense', { 'content-type': 'multipart/form-data' }), { status: 400, body: { code: 'request_invalid' } })
    t.match(await post(app, testKey, '--x\r\ncontent-disposition: form-data; name="cer"\r\n\r\nabc', { 'content-type': 'multipart/form-data; boundary=x' }), { status: 400, body: { code: 'request_invalid' } })
    t.match(await post(app, testKey, form({ p12: Buffer.alloc(300_000) })), { status: 413, body: { code: 'payload_too_large' } })
    const twice = form({ cer: csd.cer })
    twice.append('cer', 'again')
    t.match(await post(app, testKey, twice), { status: 400, body: { errors: [{ path: 'cer', message: /twice/ }] } })
    t.match(await post(app, testKey, form({ cer: csd.cer, password: 'x' })), { status: 400, body: { errors: [{ path: 'password' }] } })
    t.match(await post(app, testKey, form({ cer: csd.cer, label: '4242 4242 4242 4242' })), { status: 400, body: { code: 'card_number_refused', errors: [{ path: 'label' }] } })
    t.match(await post(app, testKey, form({ cer: csd.cer, label: 'a\0b' })), { status: 400, body: { errors: [{ path: 'label' }] } })
    t.match(await post(app, testKey, form({ cer: csd.cer, issuer: 'iss_00000000000000000000000000000000' })), { status: 400, body: { errors: [{ path: 'issuer' }] } })
    t.match(await post(app, testKey, form({ amount: '1' }), {}, '/v1/payments'), { status: 415 }, 'forms are for certificates')
  })

  t.test('it is for those who may: a reader reads, a member uploads nothing', async t => {
    const reader = await shop.key({ scopes: ['certificates:read'] })
    t.equal((await app.ask('GET', `/v1/certificates/${id}`, { key: reader })).status, 200)
    t.match(await post(app, reader, form({ cer: csd.cer })), { status: 403 })
    t.match(await app.ask('POST', '/v1/certificates', { body: base64(csd) }), { status: 401 })
  })

  t.test('another tenant, and the other mode, see nothing of it', async t => {
    const stranger = await app.tenant({ connect: false })
    const live = await shop.key({ mode: 'live' })
    for (const key of [stranger.testKey, live]) {
      for (const [method, path, body] of [['GET', ''], ['PATCH', '', { label: 'mine' }], ['DELETE', ''], ['POST', '/activate', {}], ['GET', '/uses'], ['GET', '/consents'], ['POST', '/consents', { connection: 'con_x', accept: true }], ['DELETE', '/consents/con_00000000000000000000000000000000']] as const) {
        t.match(await app.ask(method, `/v1/certificates/${id}${path}`, { key, ...(body !== undefined && { body }) }), { status: 404, body: { code: 'not_found' } }, `${method} ${path}`)
      }
      t.same((await app.ask('GET', '/v1/certificates', { key })).body.data, [])
    }
    t.match(await app.ask('POST', '/v1/certificates', { key: live, body: { ...base64(csd), issuer: issuer.id } }), { status: 400, body: { errors: [{ path: 'issuer' }] } }, 'an issuer of the other mode')
    t.equal((await app.ask('POST', '/v1/certificates', { key: live, body: base64(csd) })).status, 201, 'the same certificate in the other mode is another')
  })

  t.test('a .p12 of garbage, of many rounds, and an honest one', async t => {
    const p12 = makeP12({ pairs: [{ key: csd.privateKey, certificate: csd.cer }], passphrase: 'x', rounds: 1 })
    const garbage = Buffer.concat([p12.subarray(0, 40), Buffer.alloc(100_000, 0x31)])
    const heavy = Buffer.from(p12)
    // The rounds of the seal over the file: the last number in it.
    t.same(heavy.subarray(-3), Buffer.from('020101', 'hex'))
    const manyRounds = Buffer.concat([heavy.subarray(0, -1), Buffer.from([0x7f])])
    const slow = performance.now()
    const [answers, health] = await Promise.all([
      Promise.all([garbage, manyRounds, p12].map(async bytes => await post(app, shop.testKey, form({ p12: bytes, passphrase: 'x', dry_run: 'true' })))),
      fetch(`${app.url}/health`).then(() => performance.now() - slow)
    ])
    t.match(answers.map(({ status, body }) => [status, body.report.ok, body.report.kind]), [[200, false, 'unknown'], [200, false, 'unknown'], [200, true, 'csd']])
    t.ok(health < 5_000, `others are answered meanwhile: ${health} ms`)
  })

  t.test('deleted it stays to be read, its key is gone, and it may be uploaded anew', async t => {
    t.equal((await shop.client('DELETE', `/v1/certificates/${id}`)).status, 204)
    t.equal((await shop.client('DELETE', `/v1/certificates/${id}`)).status, 204, 'twice is once')
    t.match((await shop.client('GET', `/v1/certificates/${id}`)).body, { status: 'deleted' })
    t.match(await shop.client('POST', `/v1/certificates/${id}/activate`), { status: 422, body: { code: 'certificate_not_usable' } })
    t.match(await shop.client('PATCH', `/v1/certificates/${id}`, { body: { label: 'x' } }), { status: 422 })
    t.same((await shop.client('GET', '/v1/certificates')).body.data, [])
    t.match((await shop.client('GET', '/v1/certificates?status=deleted')).body.data, [{ id }])
    t.same(await app.database.owner.selectFrom('certificate_keys').selectAll().where('tenant_id', '=', shop.uuid).where('certificate_id', 'in', app.database.owner.selectFrom('certificates').select('id').where('mode', '=', 'test')).execute(), [])
    t.match(await shop.client('POST', '/v1/certificates', { body: base64(csd) }), { status: 201, body: { status: 'active' } })
    const events = (await shop.client('GET', '/v1/events?type=certificate.*')).body.data.map(({ type }: { type: string }) => type)
    t.match(events.filter((type: string) => type !== 'certificate.activated').reverse(), ['certificate.created', 'certificate.deleted', 'certificate.created'])
    t.match((await shop.client('GET', '/v1/audit_log?action=certificate.*')).body.data.map(({ action }: { action: string }) => action).includes('certificate.deleted'), true)
  })

  t.test('no secret of it is in the database, the log or an answer', async t => {
    const places = [...await dump(app.database.superUrl), { where: 'the log', text: app.logged() }, { where: 'answers', text: (await shop.client('GET', '/v1/certificates')).text }]
    t.same(leaks(csd.passphrase, places), [])
    const pkcs8 = csd.privateKey.export({ type: 'pkcs8', format: 'der' })
    // Bytes of the private exponent; the modulus before it is in the certificate as well.
    for (const secret of [pkcs8, csd.key]) {
      for (const encoding of ['latin1', 'base64', 'hex'] as const) t.same(leaks(secret.subarray(402, 432).toString(encoding), places), [], encoding)
    }
    t.not(leaks(csd.cer.subarray(200, 230).toString('hex'), places).length, 0, 'the search finds what is in clear')
  })
})
