import fc from 'fast-check'
import t from 'tap'
import { bankCodes, bankOfCode } from './banks.ts'
import { clabeDigit, clabeFlaw, normalNumber } from './clabe.ts'
import { ibanCountries, ibanDigits, ibanFlaw, ibanLength } from './iban.ts'
import { isTimeZone, zoneOfCountry } from './zones.ts'

const digits = (length: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map(list => list.join(''))
const clabe = fc.tuple(fc.constantFrom(...bankCodes()), digits(14)).map(([bank, rest]) => `${bank}${rest}${clabeDigit(bank + rest)}`)

t.test('CLABEs of the facts', async t => {
  for (const good of ['032180000118359719', '002010077777777771', '646180132800000009', '646180111805035472']) {
    t.equal(clabeDigit(good.slice(0, 17)), Number(good[17]), good)
  }
  t.equal(clabeFlaw('002010077777777771'), undefined)
  t.equal(clabeFlaw('032180000118359718'), 'digit')
  t.equal(clabeFlaw('032180000118359719'), 'bank', '032 (IXE) takes no part in SPEI any more')
  t.equal(clabeFlaw('01234567890123456'), 'shape')
  t.equal(clabeFlaw('012345678901234567'), 'digit', 'the example of the requirements is none')
  t.equal(bankOfCode('072'), 'BANORTE')
  t.equal(normalNumber(' 0020 1007-7777 777771 '), '002010077777777771')
  t.ok(bankCodes().length > 90)
})

t.test('every CLABE with its digit is one, and no digit of it can change', async t => {
  fc.assert(fc.property(clabe, good => clabeFlaw(good) === undefined), { numRuns: 300 })
  fc.assert(fc.property(clabe, fc.integer({ min: 3, max: 17 }), fc.integer({ min: 1, max: 9 }), (good, at, by) => {
    const wrong = good.slice(0, at) + String((Number(good[at]) + by) % 10) + good.slice(at + 1)
    return clabeFlaw(wrong) === 'digit'
  }), { numRuns: 500 })
  // Weights 3, 7, 1: two neighbours that are exchanged are noticed unless they differ by five.
  fc.assert(fc.property(clabe, fc.integer({ min: 3, max: 15 }), (good, at) => {
    const [a, b] = [good[at]!, good[at + 1]!]
    if (Math.abs(Number(a) - Number(b)) % 5 === 0) return true
    return clabeFlaw(good.slice(0, at) + b + a + good.slice(at + 2)) !== undefined
  }), { numRuns: 300 })
  t.pass('properties hold')
})

t.test('IBANs', async t => {
  for (const good of ['ES9121000418450200051332', 'DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606', 'CR05015202001026284066', 'GT82TRAJ01020000001210029690', 'NO9386011117947', 'MT84MALT011000012345MTLCAST001S']) {
    t.equal(ibanFlaw(good), undefined, good)
  }
  t.equal(ibanFlaw('ES9121000418450200051333'), 'digits')
  t.equal(ibanFlaw('ES912100041845020005133'), 'length')
  t.equal(ibanFlaw('MX9121000418450200051332'), 'country')
  t.equal(ibanFlaw('not an iban'), 'shape')
  t.equal(ibanFlaw('es9121000418450200051332'), 'shape', 'capitals are made before')
  t.equal(ibanLength('ES'), 24)
})

t.test('every IBAN with its digits is one, and no character of it can change', async t => {
  const iban = fc.constantFrom(...ibanCountries()).chain(country => digits(ibanLength(country)! - 4).map(rest => `${country}${ibanDigits(country, rest)}${rest}`))
  fc.assert(fc.property(iban, good => ibanFlaw(good) === undefined), { numRuns: 300 })
  fc.assert(fc.property(iban, fc.nat(), fc.integer({ min: 1, max: 9 }), (good, where, by) => {
    const at = 2 + where % (good.length - 2)
    return ibanFlaw(good.slice(0, at) + String((Number(good[at]) + by) % 10) + good.slice(at + 1)) === 'digits'
  }), { numRuns: 500 })
  fc.assert(fc.property(iban, good => ibanFlaw(good.slice(0, -1)) === 'length' && ibanFlaw(`${good}0`) !== undefined), { numRuns: 200 })
  t.pass('properties hold')
})

t.test('days of a country end where its capital is', async t => {
  for (const [country, zone] of [['MX', 'America/Mexico_City'], ['ES', 'Europe/Madrid'], ['CO', 'America/Bogota'], ['XX', 'UTC']]) t.equal(zoneOfCountry(country!), zone)
  for (const country of [...ibanCountries(), 'MX', 'CO', 'PE']) t.ok(isTimeZone(zoneOfCountry(country)), country)
  t.notOk(isTimeZone('Mars/Olympus'))
})
