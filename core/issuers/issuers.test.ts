import t from 'tap'
import { testApp } from '../../test/support/app.ts'
import { makeCsd } from '../../test/support/csd.ts'

const mexico = { country: 'MX', tax_id: 'eku-900317-3c9', legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '26015' }
const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(200)])
const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(200)])

t.test('issuers and series over HTTP', async t => {
  const app = await testApp(t)
  const shop = await app.tenant()
  const { client } = shop
  const make = async (body: object, headers = {}) => await client('POST', '/v1/issuers', { body, headers })

  t.test('a fiscal identity, its branches and its branding', async t => {
    const full = {
      ...mexico, trade_name: 'Escuela', address: { street: 'Calle 1', city: 'Piedras Negras' }, email: 'a@example.com', phone: '+52 1', website: 'https://example.com', colour: '#1A2b3C', ticket_footer: '¡Gracias!',
      branches: [{ code: 'CENTRO', name: 'Centro', postal_code: '26016', address: { street: 'Calle 2' }, tills: [{ code: 'C1', name: 'Caja 1' }] }], connection: shop.connection, mx: { timezone: 'America/Matamoros' }, logo: { data: png.toString('base64') }
    }
    const first = await client('POST', '/v1/issuers', { body: full, idempotencyKey: 'issuer' })
    t.match(first, { status: 201, body: { id: /^iss_/, object: 'issuer', mode: 'test', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA KEMPER URGATE', regime: '601', branches: full.branches, colour: '#1A2b3C', connection: shop.connection, certificate: null, mx: full.mx, ec: {}, default_series: {}, warnings: [], logo: { content_type: 'image/png', bytes: png.length } } })
    t.same((await client('POST', '/v1/issuers', { body: full, idempotencyKey: 'issuer' })).body, first.body)
    t.same((await client('GET', `/v1/issuers/${first.body.id}`)).body, first.body)
    t.match(await make(mexico), { status: 409, body: { code: 'already_exists', errors: [{ path: 'tax_id' }] } })
    const logo = await fetch(`${app.url}${first.body.logo.url}`, { headers: { authorization: `Bearer ${shop.testKey}` } })
    t.same([logo.status, logo.headers.get('content-type'), Buffer.from(await logo.arrayBuffer()).equals(png)], [200, 'image/png', true])

    const changed = await client('PATCH', `/v1/issuers/${first.body.id}`, { body: { colour: null, logo: { data: jpeg.toString('base64') }, ticket_footer: 'Adiós', connection: null, branches: [] } })
    t.match(changed, { status: 200, body: { colour: null, logo: { content_type: 'image/jpeg' }, ticket_footer: 'Adiós', connection: null, branches: [], trade_name: 'Escuela' } })
    t.match(await client('PATCH', `/v1/issuers/${first.body.id}`, { body: { logo: null } }), { body: { logo: null } })
    t.equal((await client('GET', `/v1/issuers/${first.body.id}/logo`)).status, 404)
    t.match((await client('GET', `/v1/audit_log?subject=${first.body.id}`)).body.data.map(({ action }: { action: string }) => action), ['issuer.changed', 'issuer.changed', 'issuer.created'])
  })

  t.test('what is wrong is named, field by field, in the caller’s language', async t => {
    const cases: [object, string[]][] = [
      [{ ...mexico, tax_id: 'EKU900317' }, ['tax_id']],
      [{ ...mexico, tax_id: 'XAXX010101000' }, ['tax_id']],
      [{ country: 'MX', tax_id: 'JES900109Q90', legal_name: 'X' }, ['regime', 'postal_code']],
      [{ ...mexico, postal_code: '2601', regime: '1' }, ['postal_code', 'regime']],
      [{ ...mexico, legal_name: 'A|B' }, ['legal_name']],
      [{ ...mexico, ec: {}, mx: { timezone: 'Mars/Olympus' } }, ['ec', 'mx.timezone']],
      [{ ...mexico, logo: { data: Buffer.from('<svg/>').toString('base64') } }, ['logo.data']],
      [{ ...mexico, logo: { data: Buffer.concat([png, Buffer.alloc(205_000)]).toString('base64') } }, ['logo.data']],
      [{ ...mexico, branches: [{ code: 'A' }, { code: 'A', postal_code: 'x', tills: [{ code: 'T' }, { code: 'T' }] }] }, ['branches[1].code', 'branches[1].postal_code', 'branches[1].tills[1].code']],
      [{ ...mexico, connection: 'con_00000000000000000000000000000000' }, ['connection']],
      [{ ...mexico, colour: 'red' }, ['colour']],
      [{ country: 'EC', tax_id: '1710034065', legal_name: 'X' }, ['tax_id']],
      [{ country: 'EC', tax_id: '1790011674001', legal_name: 'X', branches: [{ code: '1', tills: [{ code: '1' }] }] }, ['branches[0].tills[0].code', 'branches[0].code']],
      [{ country: 'ES', tax_id: '00000000A', legal_name: 'X' }, ['tax_id']]
    ]
    for (const [body, paths] of cases) {
      const { status, body: answer } = await make(body, { 'accept-language': 'es' })
      t.equal(status, 400, JSON.stringify(paths))
      t.same(answer.errors.map(({ path }: { path: string }) => path), paths)
    }
    t.match((await make({ ...mexico, tax_id: 'X' }, { 'accept-language': 'es' })).body.errors, [{ message: 'no tiene la forma de RFC' }])
  })

  t.test('what is doubtful is taken, and said', async t => {
    const { status, body } = await make({ ...mexico, tax_id: 'EKU9003173C8', legal_name: 'Escuela Kemper SA de CV' })
    t.equal(status, 201)
    t.same(body.warnings.map(({ path }: { path: string }) => path), ['tax_id', 'legal_name', 'legal_name'])
    t.match(body.warnings[1].message, /CFDI40139/)
    t.match(await make({ country: 'EC', tax_id: '1793189906001', legal_name: 'X' }), { status: 201, body: { warnings: [{ path: 'tax_id' }] } }, 'an active RUC that fails its modulus')
    t.match(await make({ country: 'ES', tax_id: 'es-b65.410.011', legal_name: 'X', es: { person: 'legal' } }), { status: 201, body: { tax_id: 'B65410011', warnings: [] } })
  })

  t.test('lists, by country and tax id', async t => {
    const ids = async (query: string) => (await client('GET', `/v1/issuers?${query}`)).body.data.map(({ tax_id: taxId }: { tax_id: string }) => taxId)
    t.same(await ids(''), ['B65410011', '1793189906001', 'EKU9003173C8', 'EKU9003173C9'])
    t.same(await ids('country=MX'), ['EKU9003173C8', 'EKU9003173C9'])
    t.same(await ids('tax_id=eku9003173c9'), ['EKU9003173C9'])
    t.same(await ids('limit=1'), ['B65410011'])
  })

  t.test('series, and the end of an issuer', async t => {
    const issuer = (await client('GET', '/v1/issuers?tax_id=EKU9003173C9')).body.data[0].id
    const series = await client('POST', '/v1/series', { body: { issuer, document: 'invoice', prefix: 'A', digits: 3 }, idempotencyKey: 'series' })
    t.match(series, { status: 201, body: { id: /^ser_/, object: 'series', mode: 'test', issuer, document: 'invoice', branch: null, till: null, prefix: 'A', next_number: 1, next: 'A-001', active: true } })
    t.same((await client('POST', '/v1/series', { body: { issuer, document: 'invoice', prefix: 'A', digits: 3 }, idempotencyKey: 'series' })).body, series.body)
    t.match(await client('PATCH', `/v1/series/${series.body.id}`, { body: { active: false } }), { status: 200, body: { active: false } })
    t.match((await client('GET', `/v1/series?issuer=${issuer}&active=false&document=invoice`)).body.data, [{ id: series.body.id }])
    t.same((await client('GET', '/v1/series?active=true')).body.data, [])
    t.equal((await client('POST', '/v1/series', { body: { issuer, document: 'poem' } })).status, 400)

    const { cer, key, passphrase } = makeCsd({ rfc: 'EKU9003173C9', name: 'X' })
    const certificate = await app.must('POST', '/v1/certificates', { key: shop.testKey, body: { cer: cer.toString('base64'), key: key.toString('base64'), passphrase } })
    t.equal(certificate.issuer, issuer)
    t.match(await client('DELETE', `/v1/issuers/${issuer}`), { status: 409, body: { code: 'invalid_state' } })
    await app.must('DELETE', `/v1/certificates/${certificate.id}`, { key: shop.testKey })
    t.equal((await client('DELETE', `/v1/issuers/${issuer}`)).status, 204)
    t.equal((await client('GET', `/v1/issuers/${issuer}`)).status, 404)
    t.match(await client('GET', `/v1/series/${series.body.id}`), { status: 200, body: { active: false } }, 'its numbers stay on record')
    t.equal((await make(mexico)).status, 201, 'and it may be made anew')
  })

  t.test('another tenant, the other mode, and who may only read', async t => {
    const { id } = (await client('GET', '/v1/issuers?tax_id=EKU9003173C9')).body.data[0]
    const { id: series } = await app.must('POST', '/v1/series', { key: shop.testKey, body: { issuer: id, document: 'invoice', prefix: 'B' } })
    const stranger = await app.tenant({ connect: false })
    for (const key of [stranger.testKey, await shop.key({ mode: 'live' })]) {
      for (const [method, path, body] of [['GET', `/v1/issuers/${id}`], ['PATCH', `/v1/issuers/${id}`, { colour: null }], ['DELETE', `/v1/issuers/${id}`], ['GET', `/v1/issuers/${id}/logo`], ['GET', `/v1/series/${series}`], ['PATCH', `/v1/series/${series}`, { active: false }]] as const) {
        t.match(await app.ask(method, path, { key, ...(body !== undefined && { body }) }), { status: 404 }, `${method} ${path}`)
      }
      t.same((await app.ask('GET', '/v1/issuers', { key })).body.data, [])
      t.same((await app.ask('GET', `/v1/series?issuer=${id}`, { key })).body.data, [])
      t.match(await app.ask('POST', '/v1/series', { key, body: { issuer: id, document: 'invoice' } }), { status: 400, body: { errors: [{ path: 'issuer' }] } })
    }
    const reader = await shop.key({ scopes: ['issuers:read'] })
    t.equal((await app.ask('GET', `/v1/issuers/${id}`, { key: reader })).status, 200)
    t.equal((await app.ask('PATCH', `/v1/issuers/${id}`, { key: reader, body: { colour: null } })).status, 403)
    t.equal((await app.ask('POST', '/v1/series', { key: reader, body: { issuer: id, document: 'sale', prefix: 'Z' } })).status, 403)
  })
})
