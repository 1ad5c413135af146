import t from 'tap'
import { startSriSimulator } from '../adapters/sri/simulator.ts'
import { verifyXades } from '../core/fiscal/xades/verify.ts'
import { testApp } from './support/app.ts'
import { createSriWorld, makeSriSignature, nights, ruc } from './support/ecuador.ts'
import { eventually } from './support/eventually.ts'

t.test('over HTTP: from nothing to an authorised comprobante, by the unified names and by those of the old point of sale', async t => {
  const world = createSriWorld()
  const simulator = await startSriSimulator({ world })
  t.teardown(simulator.close)
  const app = await testApp(t, { env: { PASARELA_PROVIDER_URL_SRI: simulator.url } })
  const { testKey: key } = await app.tenant({ connect: false })
  const connection = await app.must('POST', '/v1/connections', { key, body: { provider: 'sri', mode: 'test', credentials: {} } })
  t.match(await app.must('POST', `/v1/connections/${connection.id}/test`, { key, body: {} }), { evidence: [/SRI/] })
  const issuer = await app.must('POST', '/v1/issuers', {
    key, body: { country: 'EC', tax_id: ruc, legal_name: 'HOTEL LOS ÑANDÚES S.A.', address: { street: 'Av. Amazonas N21-147', city: 'Quito' }, branches: [{ code: '001', tills: [{ code: '001' }] }], ec: { keeps_accounting: true, rimpe: 'entrepreneur' } }
  })
  const { p12, passphrase } = makeSriSignature()
  await app.must('POST', '/v1/certificates', { key, body: { p12: p12.toString('base64'), passphrase, issuer: issuer.id } })
  for (const document of ['invoice', 'credit_note']) await app.must('POST', '/v1/series', { key, body: { issuer: issuer.id, document, branch: '001', till: '001' } })

  t.match(await app.must('POST', '/v1/invoices/validate', { key, body: nights({ payment: { form: '99' } }) }), { ok: false, errors: [{ code: 'EC-PAYMENT-FORM', path: 'payment.form' }] })
  const draft = await app.must('POST', '/v1/invoices', { key, body: { ...nights(), draft: true } })
  t.match(await app.ask('POST', '/v1/einvoicing/send', { key, body: { invoice_id: draft.id, country: 'ES' } }), { status: 400 })
  const sent = await app.ask('POST', '/v1/einvoicing/send', { key, body: { invoice_id: draft.id, country: 'EC' } })
  t.match(sent, { status: 202 })
  t.match(JSON.parse(sent.text), { task_id: draft.id, status: /enqueued|sent|authorized/ })
  const done = await eventually('it is authorised', async () => {
    const status = await app.must('GET', `/v1/einvoicing/status/${draft.id}`, { key })
    return status.status === 'authorized' ? status : undefined
  })
  t.match(done, { status: 'authorized', invoice_status: 'issued', clave_acceso: /^\d{49}$/, errors: [] })
  t.match(JSON.parse((await app.ask('POST', '/v1/einvoicing/send', { key, body: { invoice_id: draft.id } })).text), { status: 'authorized' }, 'sent twice is sent once')
  t.equal(world.ledger().length, 1)
  t.match(await verifyXades(Buffer.from((await app.ask('GET', `/v1/invoices/${draft.id}/xml`, { key })).text)), { ok: true, kind: 'sri' })
  t.match((await app.ask('GET', `/v1/invoices/${draft.id}/pdf`, { key })).text, /^%PDF-/)
  t.match(await app.ask('POST', `/v1/invoices/${draft.id}/cancel`, { key, body: { motive: '02' } }), { status: 422, text: /capability_not_supported.*SRI en l/ })
  const note = await app.must('POST', `/v1/invoices/${draft.id}/credit_notes`, { key, body: { reason: 'Devolución' } })
  t.match(await eventually('its credit note is issued', async () => {
    const read = await app.must('GET', `/v1/invoices/${note.id}`, { key })
    return read.status === 'issued' ? read : undefined
  }), { kind: 'credit_note', totals: { total: '115.00' } })
})
