import t from 'tap'
import { testHub } from '../../test/support/hub.ts'
import { AdapterContractError } from '../adapter/define.ts'
import { createRegistry } from '../adapter/registry.ts'
import { errorCatalogue, HubError } from '../errors.ts'
import { createConnection } from './service.ts'

const credentials = { user: 'SIMULADO', password: 'Simulado-1', rfc: 'EKU9003173C9' }

t.test('what is experimental is offered only where the operator asks for it', async t => {
  const careful = await testHub(t)
  const { access } = await careful.tenant()
  t.notOk(careful.hub.adapters.list().some(({ manifest }) => manifest.experimental))
  t.notOk(careful.hub.adapters.list().some(({ manifest }) => ['edicom', 'solucion_factible'].includes(manifest.id)))
  const refused = await createConnection(careful.hub, access, { provider: 'edicom', mode: 'test', credentials }, null).catch((error: unknown) => error)
  t.ok(refused instanceof HubError && errorCatalogue[refused.code].status === 422)
  t.match(refused, { code: 'provider_unknown', errors: [{ path: 'provider', message: /edicom is experimental.*PASARELA_EXPERIMENTAL=1/ }] })

  const bold = await testHub(t, { env: { PASARELA_EXPERIMENTAL: '1' } })
  const tenant = await bold.tenant()
  const offered = bold.hub.adapters.list().filter(({ manifest }) => manifest.experimental)
  t.same(['edicom', 'solucion_factible'].filter(id => offered.some(({ manifest }) => manifest.id === id)), ['edicom', 'solucion_factible'])
  t.match(await createConnection(bold.hub, tenant.access, { provider: 'edicom', mode: 'test', credentials }, null), { provider: 'edicom', mode: 'test' })
  const methodsOf = (hub: typeof bold.hub) => hub.adapters.get('kushki')?.manifest.methods.map(({ type }) => type)
  t.same(methodsOf(careful.hub), ['card'], 'one way to pay may be experimental where its provider is not')
  t.same(methodsOf(bold.hub), ['card', 'cash', 'pse', 'spei', 'transfer'])
  t.throws(() => createRegistry([...offered, offered[0]!]), AdapterContractError, 'two of one id are a problem, offered or not')
})
