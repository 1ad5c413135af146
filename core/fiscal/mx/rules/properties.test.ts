import fc from 'fast-check'
import t from 'tap'
import { writeXml } from '../../xml/write.ts'
import { buildCfdi } from '../build.ts'
import { anyCfdi, comprobantes, receipts } from '../fixtures/arbitrary.ts'
import { testCsd } from '../fixtures/csd.ts'
import type { Comprobante } from '../model.ts'
import { sealCfdi } from '../seal.ts'
import { abroad, creditNote, everything, income, now, receipt, toEverybody, transfer } from './fixtures/valid.ts'
import { validateCfdi } from './validate.ts'

const seed = Number(process.env.FAST_CHECK_SEED ?? 20261120)
const runs = 300
const xmlOf = (model: Comprobante): string => writeXml({ root: buildCfdi(model), before: [], after: [] })

const valid = [income, creditNote, transfer, toEverybody, abroad, receipt, everything].map(make => make())

/** Every place in a tree, as keys. */
function placesIn (value: unknown, path: (string | number)[] = []): (string | number)[][] {
  const below = Array.isArray(value) ? value.map((item, index) => [item, index] as const) : typeof value === 'object' && value !== null ? Object.entries(value).map(([key, item]) => [item, key] as const) : []
  return [path, ...below.flatMap(([item, key]) => placesIn(item, [...path, key]))]
}

const junk = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', '0', '-1', '1e9', '.5', '1.', '00000000000000000000000000000000000000000000000000000000000001', '999999999999999999999999.9999999999', 'NaN', '\u0000', '|', '😀'.repeat(300), {}, [], [null], [[]], true, 0, Number.NaN, 7n),
  fc.string(), fc.anything({ maxDepth: 2 })
)

const mutated = fc.tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), junk, fc.boolean()), { minLength: 1, maxLength: 5 })).map(([document, changes]) => {
  let copy: unknown = structuredClone(document)
  for (const [which, value, remove] of changes) {
    const places = placesIn(copy)
    const place = places[which % places.length]!
    if (place.length === 0) {
      copy = value
      continue
    }
    let at = copy as any
    for (const key of place.slice(0, -1)) at = at[key]
    const last = place.at(-1)!
    if (remove && Array.isArray(at)) at.splice(last as number, 1)
    else if (remove) delete at[last]
    else at[last] = value
  }
  return copy
})

/** What every answer looks like, whatever was asked. */
function wellFormed (given: unknown): boolean {
  return validateCfdi(given, { now }).every(({ code, level, path, message }) =>
    /^(CFDI40\d{3}|CRP20\d{3}|301|401)$/.test(code) && ['error', 'warning'].includes(level) && typeof path === 'string' && message.es.length > 5 && message.en.length > 5)
}

t.test('it never throws: mutated models', async t => {
  fc.assert(fc.property(mutated, document => {
    validateCfdi(document, { now })
    return true
  }), { numRuns: runs * 4, seed })
  t.pass()
})

t.test('it never throws: anything, and answers with codes and sentences', async t => {
  fc.assert(fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, withNullPrototype: true }), given => wellFormed(given)), { numRuns: runs, seed })
  t.pass()
})

t.test('it never throws: text and bytes that were a CFDI', async t => {
  const sealed = await Promise.all([income, receipt].map(async make => Buffer.from((await sealCfdi({ model: make(), ...testCsd() })).xml).toString('utf8')))
  const texts = [...valid.map(xmlOf), ...sealed]
  const cut = fc.tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(), fc.nat(30), fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('<', '>', '"', '&', '&amp;', '<!--', ']]>', '<cfdi:Impuestos/>', ' Importe="1"', '\u0000'))), { minLength: 1, maxLength: 4 }))
  fc.assert(fc.property(cut, ([text, cuts]) => {
    let changed = text
    for (const [at, length, put] of cuts) changed = changed.slice(0, at % changed.length) + put + changed.slice(at % changed.length + length)
    validateCfdi(changed, { now })
    validateCfdi(Buffer.from(changed, 'utf16le'), { now })
    return true
  }), { numRuns: runs, seed })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => validateCfdi(bytes, { now }).length > 0), { numRuns: runs, seed })
  t.pass()
})

/** Rules about sums, limits, decimals, and places: a document whose amounts our own code computed breaks none of them. */
const computed = /^(CFDI40(107|108|109|110|112|119|167|168|169|17[3478]|180|186|20\d|21\d|220|221|999)|CRP20(2(0\d|1[01345789]|3[678]|4\d|5\d|6\d|7\d)|999))$/

t.test('what the hub computes satisfies what it checks: invoices in both roundings, receipts in several currencies', async t => {
  const said = (model: Comprobante): string[] => validateCfdi(model, { now: new Date(`${model.Fecha}Z`), zone: 'UTC' }).filter(({ level, code }) => level === 'error' && computed.test(code)).map(({ code, path, message }) => `${code} ${path} ${message.en}`)
  const whole = comprobantes.filter(({ Conceptos }) => Conceptos.every(({ ObjetoImp, Impuestos }) => (ObjetoImp === '02') === (Impuestos !== undefined)))
  for (const [name, models] of [['invoices', whole], ['receipts', receipts]] as const) {
    fc.assert(fc.property(models, model => {
      const found = said(model)
      if (found.length > 0) throw new Error(found.join('\n'))
    }), { numRuns: runs, seed })
    t.pass(name)
  }
})

t.test('a model and its XML are told the same', async t => {
  fc.assert(fc.property(anyCfdi, model => {
    const options = { now: new Date(`${model.Fecha}Z`), zone: 'UTC' }
    const brief = (given: unknown) => validateCfdi(given, options).map(({ code, path, level }) => `${code} ${path} ${level}`)
    const [fromModel, fromXml] = [brief(model), brief(xmlOf(model))]
    return t.strictSame(fromXml, fromModel)
  }), { numRuns: 60, seed })
})
