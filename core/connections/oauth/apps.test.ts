import t from 'tap'
import { loadAdapters } from '../../adapters.ts'
import { readOAuthApps } from './apps.ts'
import { challengeOf, makeState, makeVerifier, readState } from './state.ts'

const good = { client_id: 'ca_0123456789abcdef', client_secret: 'sk_test_0123456789abcdef', publishable_key: 'pk_test_0123456789abcdef' }

t.test('the operator’s file is read at the start, and what cannot be meant stops it there', async t => {
  const adapters = await loadAdapters({ packages: [], experimental: false })
  const read = (content: unknown) => readOAuthApps({ stripe: typeof content === 'string' ? content : JSON.stringify(content) }, adapters)
  t.same(read({ test: good }).of('stripe', 'test'), good)
  t.equal(read({ test: good }).of('stripe', 'live'), undefined)
  t.equal(read({ test: good }).of('mercadopago', 'test'), undefined)
  t.equal(readOAuthApps({ facturae: 'a PEM of another kind' }, adapters).of('facturae', 'test'), undefined, 'files of other kinds are left alone')
  for (const [content, sentence] of [
    ['not json', /is not JSON/],
    ['[]', /not an object/],
    [{ sandbox: good }, /"sandbox", which is no mode/],
    [{ test: null }, /no application for test/],
    [{ test: { ...good, client_id: undefined } }, /lacks test.client_id/],
    [{ test: { ...good, more: 'x' } }, /test.more, which is no field/],
    [{ test: { ...good, client_secret: 'sk_test_ wrong' } }, /client_secret that does not look like one/],
    [{ test: { ...good, client_secret: 7 } }, /client_secret that does not look like one/],
    [{ test: { ...good, constructor: 'x' } }, /no field/]
  ] as const) {
    try {
      read(content)
      t.fail(`${JSON.stringify(content)} was read`)
    } catch (error) {
      t.match((error as Error).message, sentence)
      t.notMatch((error as Error).message, good.client_secret.slice(8))
    }
  }
})

t.test('a state says where to look and proves nothing by that', t => {
  const tenantId = '0198aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee'
  const { state, hash } = makeState(tenantId)
  t.match(state, /^[\w-]{64}$/)
  t.same(readState(state), { tenantId, hash })
  t.not(makeState(tenantId).state, state)
  for (const wrong of ['', 'x', state.slice(1), `${state}a`, `${state.slice(0, -1)}=`, `${state.slice(0, -1)} `]) t.equal(readState(wrong), undefined, wrong)
  t.end()
})

t.test('PKCE as RFC 7636 has it', t => {
  // Appendix B.
  t.equal(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'), 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  t.match(makeVerifier(), /^[A-Za-z0-9_-]{43}$/)
  t.end()
})
