import t from 'tap'
import fc from 'fast-check'
import { whatsappServer } from '../../../test/support/whatsapp-server.ts'
import { digitsOf, meaningOf, resultOf } from './whatsapp.ts'

t.test('a telephone number is E.164, or it is none', t => {
  for (const [phone, code, digits] of [
    ['+52 55 1234 5678', undefined, '525512345678'], ['0052 55 1234 5678', undefined, '525512345678'], ['55 1234 5678', '52', '525512345678'], ['525512345678', undefined, '525512345678'], ['+34 600-123-456', '52', '34600123456'],
    ['55 1234 5678', undefined, undefined], ['', '52', undefined], ['+1', '52', undefined], ['+0123456789', undefined, undefined], ['no tengo', '52', undefined], ['+123456789012345678', undefined, undefined]
  ] as const) t.equal(digitsOf(phone, code), digits, `${phone} ${code}`)
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('+', '0', '1', '5', ' ', '-', '(', 'a') }), fc.constantFrom(undefined, '52'), (phone, code) => /^[1-9]\d{7,14}$/.test(digitsOf(phone, code) ?? '10000000')), { numRuns: 300 })
  t.end()
})

t.test('what each code of Meta means', t => {
  const classes = { later: [1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004], channel: [0, 10, 33, 190, 200, 299, 368, 131005, 131031, 131042, 131045, 133010], refused: [100, 130472, 131008, 131009, 131021, 131026, 131030, 131047, 131049, 131050, 131051, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 999999] }
  for (const code of classes.later) t.same(meaningOf(code), { outcome: 'later' }, String(code))
  for (const code of classes.channel) t.same(meaningOf(code), { outcome: 'later', channelFault: true }, String(code))
  for (const code of classes.refused) t.same(meaningOf(code), { outcome: 'refused' }, String(code))
  t.end()
})

t.test('an answer that cannot be read may hide a message; only Meta’s own words say that there is none', t => {
  const answer = (status: number, body: string) => resultOf({ status, headers: {}, body: Buffer.from(body) })
  t.same(answer(200, '{"messages":[{"id":"wamid.1"}]}'), { outcome: 'sent', reference: 'wamid.1' })
  for (const body of ['', '<html>', '{}', '[]', 'null', '{"messages":[]}']) t.match(answer(200, body), { outcome: 'unknown' }, body)
  for (const body of ['', '<html>bad gateway</html>', '{"error":{}}']) t.match(answer(502, body), { outcome: 'unknown', code: '502' }, body)
  t.match(answer(404, 'nothing here'), { outcome: 'refused', code: '404' })
  t.match(answer(429, 'slow down'), { outcome: 'later', code: '429' })
  t.match(answer(500, '{"error":{"code":131000,"message":"m","error_data":{"details":"d"}}}'), { outcome: 'later', code: '131000', said: 'm: d' })
  t.match(answer(200, '{"error":{"code":131026}}'), { outcome: 'unknown' })
  t.end()
})

t.test('the twin of Meta refuses what Meta refuses', async t => {
  const meta = await whatsappServer(t)
  meta.templates.set('hello', { es_MX: 1 })
  const ask = async (body: object | undefined, { path = `/v24.0/${meta.phoneNumberId}/messages`, token = meta.token } = {}) => {
    const response = await fetch(meta.url + path, { method: body === undefined ? 'GET' : 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    return { status: response.status, body: await response.json() as any }
  }
  const template = (changes: object = {}) => ({ name: 'hello', language: { code: 'es_MX' }, components: [{ type: 'body', parameters: [{ type: 'text', text: 'Ana' }] }], ...changes })
  const message = (changes: object = {}) => ({ messaging_product: 'whatsapp', to: '525512345678', type: 'template', template: template(), ...changes })
  t.match(await ask(message()), { status: 200, body: { messaging_product: 'whatsapp', contacts: [{ wa_id: '525512345678' }], messages: [{ id: /^wamid\./ }] } })
  t.equal((await ask(message(), { token: 'x' })).body.error.code, 190)
  t.equal((await ask(message(), { path: '/v24.0/1/messages' })).body.error.code, 33)
  t.equal((await ask(message(), { path: `/${meta.phoneNumberId}/messages` })).status, 400)
  t.match(await ask(undefined, { path: `/v24.0/${meta.phoneNumberId}?fields=id` }), { status: 200, body: { id: meta.phoneNumberId, verified_name: 'Kemper' } })
  for (const [changes, code] of [
    [{ messaging_product: undefined }, 100], [{ to: undefined }, 131008], [{ to: 'Ana' }, 100], [{ type: 'text', text: { body: 'Hola' } }, 131047], [{ template: template({ name: 'other' }) }, 132001], [{ template: template({ language: { code: 'en_US' } }) }, 132001],
    [{ template: template({ components: [] }) }, 132000], [{ template: template({ components: [{ type: 'body', parameters: [{ type: 'text', text: 'a\nb' }] }] }) }, 100], [{ template: template({ components: [{ type: 'body', parameters: [{ type: 'text', text: '' }] }] }) }, 100], [{ biz_opaque_callback_data: 'x'.repeat(513) }, 100]
  ] as [object, number][]) t.equal((await ask(message(changes))).body.error?.code, code, JSON.stringify(changes))
  t.equal(meta.sent.length, 1)
})
