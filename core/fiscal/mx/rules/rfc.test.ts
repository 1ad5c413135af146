import t from 'tap'
import { corporateSuffix, hasCheckDigit, hasDate, isGeneric, personOf } from './rfc.ts'

t.test('the check digit holds for RFCs that the SAT gave', async t => {
  for (const rfc of ['CAMA911215CJ0', 'COSC8001137NA', 'SORC591116FJ6', 'DIM8701081LA', 'A&A050908GT0', 'SAT970701NN3', 'EKU9003173C9', 'LAN7008173R5', 'JES900109Q90', 'AÑÑ801231JK0', 'XEXX010101000']) {
    t.equal(hasCheckDigit(rfc), true, rfc)
    const other = rfc.at(-1) === '7' ? '8' : '7'
    t.equal(hasCheckDigit(rfc.slice(0, -1) + other), false, `${rfc} with another digit`)
  }
  for (const rfc of ['XAXX010101000', 'AAA010101AAA']) t.equal(hasCheckDigit(rfc), false, `${rfc} is in use and does not satisfy it`)
})

t.test('its length tells the person, and the calendar has its day', async t => {
  t.same(['COSC8001137NA', 'EKU9003173C9', 'XAXX010101000', 'eku9003173c9', 'EKU9013173C9', '', undefined].map(personOf), ['natural', 'legal', 'natural', undefined, undefined, undefined, undefined])
  t.same(['EKU900231AB1', 'EKU900228AB1', 'EKU000229AB1', 'EKU990229AB1', 'ÑAÑA900431AB1', 'ÑAÑA900430AB1'].map(hasDate), [false, true, true, false, false, true])
  t.same(['XAXX010101000', 'XEXX010101000', 'EKU9003173C9', undefined].map(isGeneric), [true, true, false, false])
})

t.test('the kind of company is found at the end of a name, however it is written', async t => {
  const found: [string, string | undefined][] = [
    ['ESCUELA KEMPER URGATE SA DE CV', 'SA DE CV'], ['Escuela Kemper, S.A. de C.V.', 'SA DE CV'], ['ESCUELA S. A. DE C. V.', 'SA DE CV'], ['UNO SAPI DE CV', 'SAPI DE CV'], ['DOS S DE RL DE CV', 'S DE RL DE CV'],
    ['TRES S. de R.L.', 'S DE RL'], ['CUATRO SC', 'SC'], ['CINCO A.C.', 'AC'], ['SEIS SA DE CV SOFOM ENR', 'SA DE CV SOFOM ENR'], ['SIETE SAS', 'SAS'], ['OCHO SPR DE RL DE CV', 'SPR DE RL DE CV'],
    ['ESCUELA KEMPER URGATE', undefined], ['SA DE CV ESCUELA', undefined], ['CASA', undefined], ['LA MESA', undefined], ['SA', undefined], ['JUAN SACRISTAN', undefined], ['', undefined]
  ]
  for (const [name, suffix] of found) t.equal(corporateSuffix(name), suffix, name)
})
