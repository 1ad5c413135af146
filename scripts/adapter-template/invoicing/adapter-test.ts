import t from 'tap'
import { conformance } from '../../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../../core/adapter/index.ts'
import acme from './adapter.ts'
import { startAcmeSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

await conformance(t, {
  adapter: acme,
  simulator: startAcmeSimulator,
  invoicing: {
    document: n => ({ naturalKey: { issuerTaxId: 'EKU9003173C9', series: 'A', number: String(n) }, sealed: Buffer.from('TODO: a sealed document') }),
    cancellation: { motive: '02' },
    register: { issuerTaxId: 'EKU9003173C9', customerTaxId: 'XAXX010101000', total: '116.00' }
  }
})
