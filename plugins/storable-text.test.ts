import t from 'tap'
import { httpApp } from '../test/support/http-app.ts'
import { storableText } from './storable-text.ts'

t.test('text that PostgreSQL cannot keep is a 400 that names the field', async t => {
  const app = await httpApp(t)
  await app.register(storableText)
  app.post('/v1/things/:id', async () => ({ ok: true }))
  const ask = async (payload: object, url = '/v1/things/1') => (await app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload: JSON.stringify(payload) })).json() as { code?: string, ok?: boolean, errors?: { path: string }[] }
  t.match(await ask({ label: 'a\u0000b' }), { code: 'request_invalid', errors: [{ path: 'label' }] })
  t.match(await ask({ lines: [{ note: 'fine' }, { note: '\ud800' }] }), { code: 'request_invalid', errors: [{ path: 'lines[1].note' }] })
  t.match(await ask({ metadata: { 'a\u0000': 'b' } }), { code: 'request_invalid', errors: [{ path: 'metadata' }] })
  t.match(await ask({}, '/v1/things/1?reference=a%00b'), { code: 'request_invalid', errors: [{ path: 'reference' }] })
  t.match(await ask({}, '/v1/things/a%00b'), { code: 'request_invalid', errors: [{ path: 'id' }] })
  t.match(await ask({ label: 'Ñandú 💳 ok' }), { ok: true }, 'whole characters of any kind pass')
})
