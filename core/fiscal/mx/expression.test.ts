import t from 'tap'
import { expression, verificationUrl } from './expression.ts'

const input = { uuid: 'CEE4BE01-ADFA-4DEB-8421-ADD60F0BEDAC', issuerRfc: 'POT9207213D6', receiverRfc: 'DIM8701081LA', total: '2010.01', sello: `${'x'.repeat(300)}QhXaEw/OAg==` }

t.test('the address in the QR', async t => {
  t.equal(verificationUrl(input), 'https://verificacfdi.facturaelectronica.sat.gob.mx/default.aspx?id=CEE4BE01-ADFA-4DEB-8421-ADD60F0BEDAC&re=POT9207213D6&rr=DIM8701081LA&tt=2010.01&fe=Ew/OAg==')
})

t.test('totals have one decimal at least and six at most, an RFC its & as an entity', async t => {
  const totals = [['1000', '1000.0'], ['1000.00', '1000.0'], ['1.10', '1.1'], ['0.1234564', '0.123456'], ['0.1234565', '0.123457'], ['0', '0.0'], ['123456789012345678.123456', '123456789012345678.123456']] as const
  for (const [total, written] of totals) t.equal(/tt=([\d.]+)/.exec(expression({ ...input, total }))![1], written)
  t.match(expression({ ...input, issuerRfc: 'Ñ&A111213AA1' }), /re=Ñ&amp;A111213AA1&rr/)
})
