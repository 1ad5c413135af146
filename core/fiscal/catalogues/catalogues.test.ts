import t from 'tap'
import { catalogues, isCatalogueName, isValid, openCatalogues } from './catalogues.ts'
import { titles } from './entries.ts'

const large = ['c_ClaveProdServ', 'c_CodigoPostal']

t.test('every small catalogue is there, with its source and edition, and keys that are not said twice for one day', async t => {
  for (const name of Object.keys(titles)) {
    if (!isCatalogueName(name)) throw new Error(name)
    const catalogue = catalogues.get(name)
    if (large.includes(name)) {
      t.equal(catalogue, undefined, `${name} is imported by who wants it`)
      continue
    }
    t.match(catalogue, { name, title: titles[name], source: /SAT/, edition: /^20\d\d-\d\d-\d\d$/ })
    const isDay = (day: string | null): boolean => day === null || /^\d{4}-\d{2}-\d{2}$/.test(day)
    t.same(catalogue!.entries.filter(({ code, text, valid_from, valid_to }) => code === '' || text === '' || !isDay(valid_from) || !isDay(valid_to)), [], `${name}: every entry is whole`)
    const today = catalogue!.entries.filter(entry => isValid(entry, '2026-11-20'))
    t.equal(new Set(today.map(({ code }) => code)).size, today.length, `${name}: one entry a key`)
  }
})

t.test('an entry is looked up on a day', async t => {
  t.match(catalogues.lookup('c_FormaPago', '03', '2026-11-20'), { text: 'Transferencia electrónica de fondos', banked: true, payer_account_pattern: '[0-9]{10}|[0-9]{16}|[0-9]{18}', payment_chain: true })
  t.match(catalogues.lookup('c_FormaPago', '99', '2026-11-20'), { payer_account_pattern: null })
  t.match(catalogues.lookup('c_Moneda', 'JPY', '2026-11-20'), { decimals: 0 })
  t.match(catalogues.lookup('c_Moneda', 'KWD', '2026-11-20'), { decimals: 3 })
  t.match(catalogues.lookup('c_RegimenFiscal', '626', '2026-11-20'), { natural: true, legal: true })
  t.match(catalogues.lookup('c_UsoCFDI', 'G02', '2026-11-20'), { regimes: ['601', '603', '606', '612', '616', '620', '621', '622', '623', '624', '625', '626'] })
  t.match(catalogues.lookup('c_Pais', 'MEX', '2026-11-20')?.tax_id_pattern, /\[0-9A\]$/)
  t.match(catalogues.lookup('c_ClaveUnidad', 'H87', '2026-11-20'), { text: 'Pieza' })
  t.equal(catalogues.lookup('c_ObjetoImp', '06', '2024-12-12'), undefined)
  t.match(catalogues.lookup('c_ObjetoImp', '06', '2024-12-13'), { valid_from: '2024-12-13' })
  t.match(catalogues.lookup('c_FormaPago', '01', '2019-01-01'), { code: '01' }, 'a day before CFDI 4.0 counts as its first')
  t.equal(catalogues.lookup('c_FormaPago', '1', '2026-11-20'), undefined)
  t.equal(catalogues.lookup('c_FormaPago', 'constructor', '2026-11-20'), undefined)
  t.equal(isValid({ valid_from: null, valid_to: '2025-12-31' }, '2026-01-01'), false)
  t.equal(isCatalogueName('c_Nothing'), false)
  t.equal(isCatalogueName('constructor'), false)
})

t.test('large ones are known by their form until they are imported', async t => {
  t.same(['20000', '2000', 'MEXICO'].map(code => catalogues.allows('c_CodigoPostal', code, '2026-11-20')), [true, false, false])
  t.same(['01010101', '0101010'].map(code => catalogues.allows('c_ClaveProdServ', code, '2026-11-20')), [true, false])
  t.equal(catalogues.lookup('c_CodigoPostal', '20000', '2026-11-20'), undefined)
  const entry = { code: '22000', text: '22000', valid_from: '2022-01-01', valid_to: '2026-01-31', state: 'BCN', border: true, zone: 'Tiempo del Noroeste' }
  const folder = t.testdir({ 'c_CodigoPostal.json': JSON.stringify({ source: 'x', edition: '2026-01-01', entries: [entry] }) })
  const imported = openCatalogues(folder)
  t.same(imported.lookup('c_CodigoPostal', '22000', '2026-01-31'), entry)
  t.same(['22000', '20000'].map(code => imported.allows('c_CodigoPostal', code, '2026-01-31')), [true, false])
  t.equal(imported.allows('c_CodigoPostal', '22000', '2026-02-01'), false)
  t.equal(imported.allows('c_ClaveProdServ', '01010101', '2026-01-31'), true, 'the other is still judged by its form')
  t.match(imported.lookup('c_FormaPago', '01', '2026-01-31'), { code: '01' }, 'the small ones are the project’s')
})
