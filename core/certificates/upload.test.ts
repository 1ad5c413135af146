import t from 'tap'
import { sealingSimulators } from '../../test/support/sealing.ts'
import { csd, issuerRfc } from '../../test/support/cfdi.ts'
import { testApp } from '../../test/support/app.ts'
import { dump, leaks } from '../../test/support/leaks.ts'

t.test('a certificate is handed to a PAC that seals, over HTTP', async t => {
  const { facturama, env, world } = await sealingSimulators(t)
  const app = await testApp(t, { env })
  const shop = await app.tenant({ connect: false })
  const must = async (path: string, body: object, headers: Record<string, string> = {}) => await app.must('POST', path, { key: shop.testKey, body, headers })
  await must('/v1/issuers', { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' })
  const { id } = await must('/v1/certificates', { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase })
  const credentials = facturama.credentials('test')
  const { id: connection } = await must('/v1/connections', { provider: 'facturama', mode: 'test', credentials })
  const upload = async (body: object, headers: Record<string, string> = {}) => await shop.client('POST', `/v1/certificates/${id}/uploads`, { body, headers })

  t.match(await upload({ connection }), { status: 400, body: { errors: [{ path: 'accept' }] } }, 'it is agreed to in so many words')
  t.match(await upload({ connection, accept: false }), { status: 400 })
  t.match(await upload({ connection: `con_${'0'.repeat(32)}`, accept: true }), { status: 400, body: { errors: [{ path: 'connection' }] } })
  const { id: register } = await must('/v1/connections', { provider: 'sat_status', mode: 'test', credentials: {} })
  t.match(await upload({ connection: register, accept: true }), { status: 422, body: { code: 'capability_not_supported' } }, 'who does not seal is given nothing')
  const reader = await shop.key({ scopes: ['certificates:read'] })
  t.match(await app.ask('POST', `/v1/certificates/${id}/uploads`, { key: reader, body: { connection, accept: true } }), { status: 403 })
  const stranger = await app.tenant({ connect: false })
  t.match(await app.ask('POST', `/v1/certificates/${id}/uploads`, { key: stranger.testKey, body: { connection, accept: true } }), { status: 404 })

  facturama.inject({ kind: 'error_500_before', method: 'POST', path: '/csds' })
  t.match(await upload({ connection, accept: true }), { status: 409, body: { code: 'operation_in_progress' } }, 'nobody knows: the same again settles it')
  const done = await upload({ connection, accept: true }, { 'idempotency-key': 'up-1' })
  t.match(done, { status: 201, body: { object: 'certificate_upload', certificate: id, connection, provider: 'facturama', number: csd.noCertificado } })
  t.same((await upload({ connection, accept: true }, { 'idempotency-key': 'up-1' })).body, done.body)
  t.match((await shop.client('GET', `/v1/certificates/${id}/consents`)).body.data, [{ connection, withdrawn_at: null }])
  t.match((await shop.client('GET', `/v1/certificates/${id}/uses`)).body.data, [{ purpose: 'export', subject: connection }, { purpose: 'export', subject: connection }])
  t.match((await shop.client('GET', '/v1/audit_log?action=certificate.*')).body.data.map(({ action }: { action: string }) => action).slice(0, 4), ['certificate.uploaded', 'certificate.exported', 'certificate.upload_failed', 'certificate.exported'])
  t.equal(world.ledger().length, 0)

  const places = [...await dump(app.database.superUrl), { where: 'the log', text: app.logged() }, { where: 'the operation', text: (await shop.client('GET', `/v1/operations/${String(done.body.operation)}`)).text }]
  t.same(leaks(csd.passphrase, places), [])
  for (const encoding of ['latin1', 'base64', 'hex'] as const) t.same(leaks(csd.key.subarray(402, 432).toString(encoding), places), [], encoding)

  const live = await shop.key({ mode: 'live' })
  await app.must('POST', '/v1/issuers', { key: live, body: { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' } })
  const { id: real } = await app.must('POST', '/v1/certificates', { key: live, body: { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase } })
  const { id: realConnection } = await app.must('POST', '/v1/connections', { key: live, body: { provider: 'facturama', mode: 'live', credentials: facturama.credentials('live') } })
  t.match(await app.ask('POST', `/v1/certificates/${String(real)}/uploads`, { key: live, body: { connection: realConnection, accept: true } }), { status: 422, body: { code: 'connection_not_usable', detail: /encrypted|cifrada/ } }, 'in live mode never in clear, not even to this machine')
})
