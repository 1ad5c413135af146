import fc from 'fast-check'
import t from 'tap'
import type { ParsedEntry } from './entry.ts'
import { StatementError } from './entry.ts'
import { banorte, bbva, camt, citibanamex, hsbc, santander } from './fixtures/statements.ts'
import { type Layout, layouts } from './layouts.ts'
import { readCamtStatement } from './read-camt.ts'
import { readCsvStatement } from './read-csv.ts'

const one = { amount: '1,234.56', reference: '4567890', tracking: 'MBAN01002511210001', text: 'Pedido 77' }
const csv = (bank: string, text: string | Buffer, isAccount = (_number: string) => true) => readCsvStatement(Buffer.from(text), { layout: layouts[bank]!, currency: 'MXN', isAccount })
const cam = (text: string, isAccount = (_number: string) => true) => readCamtStatement(Buffer.from(text), { currency: 'EUR', timeZone: 'Europe/Madrid', isAccount })
const problems = (read: () => unknown): string[] => {
  try {
    read()
  } catch (error) {
    if (error instanceof StatementError) return error.problems.map(({ line, message }) => `${line}: ${message}`)
    throw error
  }
  return []
}

t.test('the exports of five banks', async t => {
  const shared = { direction: 'credit', amount: 123456, currency: 'MXN', day: '2026-11-21', reference: '4567890' }
  t.match(csv('banorte', banorte([one])), { skipped: 1, entries: [{ ...shared, line: 2, trackingKey: 'MBAN01002511210001', balance: 900000, description: /CONCEPTO: Pedido 77/ }, { direction: 'debit', amount: 1200 }] })
  t.match(csv('citibanamex', citibanamex([one])), { skipped: 5, entries: [{ ...shared, line: 5, trackingKey: 'MBAN01002511210001', description: /Pedido 77 Referencia Númerica/ }, { direction: 'debit', amount: 1200 }] })
  t.match(csv('bbva', bbva([one])), { entries: [{ ...shared, hints: ['4567890'] }, { direction: 'debit', amount: 1200 }] })
  t.match(csv('bbva', 'FECHA,DESCRIPCIÓN,CARGO,ABONO,SALDO\n28/01/2026,PAGO CUENTA DE TERCERO / 0041782016,"-2,500.00",,1.00\n28/01/2026,DEPOSITO,,"1,800.00",21.00'), { entries: [{ direction: 'debit', amount: 250000 }, { direction: 'credit', amount: 180000 }] }, 'its other export')
  t.match(csv('hsbc', hsbc([one])), { entries: [{ ...shared, trackingKey: 'MBAN01002511210001' }, { direction: 'debit', amount: 1200 }] })
  t.match(csv('santander', santander([one])), { entries: [{ ...shared, time: '13:45:00', trackingKey: 'MBAN01002511210001', payer: 'ANA PEREZ', description: /^'Pedido 77'/ }, { direction: 'debit', amount: 1200 }] })
})

t.test('a table of one’s own', async t => {
  const layout: Layout = { id: 'custom', date_order: 'ymd', decimal: ',', columns: { date: ['Buchungstag'], amount: ['Betrag'], mark: ['S/H'], reference: ['Ref'], currency: ['Währung'], balance: ['Stand'] }, credit_marks: ['h'] }
  const text = 'Titel;\n;\nBuchungstag;Ref;Betrag;S/H;Währung;Stand\n2026-11-21;1234567;1.234,56;H;EUR;oops\n2026-11-21;;10,00;S;;\nSumme;;1.224,56;H;;\n'
  t.match(readCsvStatement(Buffer.from(text), { layout, currency: 'EUR', isAccount: () => true }), { skipped: 3, entries: [{ line: 4, direction: 'credit', amount: 123456, reference: '1234567', currency: 'EUR' }, { line: 5, direction: 'debit', amount: 1000 }] })
})

t.test('a file is read whole, or refused with every line that is wrong', async t => {
  t.same(problems(() => csv('bbva', 'Día\tConcepto / Referencia\tcargo\tAbono\tSaldo\n31-02-2026\tx\t\t5.00\t\n21-11-2026\tx\t\t5,0\t\n21-11-2026\tx\t\t\t\n21-11-2026\tx\t1.00\t1.00\t\n21-11-2026\tx\t\t-1.00\t')), [
    '2: "31-02-2026" is no day (dmy)', '3: "5,0" is no amount', '4: has a day and no amount', '5: came and went on one line', '6: has a credit below zero'
  ])
  t.match(problems(() => csv('banorte', bbva([one]))), [/^0: has no table of the layout banorte/])
  t.match(problems(() => csv('banorte', 'Fecha,Otra\n1,2')), [/Depósitos is missing/])
  t.same(problems(() => csv('banorte', banorte([one]), number => !number.includes('0123456789'))), ['2: is of another account', '3: is of another account'])
  t.match(problems(() => csv('bbva', 'Día\tConcepto / Referencia\tcargo\tAbono\tSaldo\n21-11-2026\t"x\t\t5.00\t')), [/a quote is not closed/])
  t.match(problems(() => csv('santander', santander([one]).replace(',+,', ',,'))), [/does not say whether it came or went/])
  t.match(csv('bbva', bbva([{ ...one, text: ' tarjeta 4242424242424242' }])), { entries: [{ description: /\[card\]/ }, {}] }, 'a card number never enters')
})

t.test('CAMT.053, in every version', async t => {
  const wanted = { skipped: 0, entries: [{ direction: 'credit', amount: 123456, currency: 'EUR', day: '2026-11-21', reference: '4567890', trackingKey: 'MBAN01002511210001', payer: 'Ana Pérez' }] }
  for (const version of ['02', '04', '08', '13']) t.match(cam(camt([{ ...one, amount: '1234.56' }], { version })), wanted, version)
  t.match(cam(camt([{ amount: '5.00', text: ' 4567890 ' }])), { entries: [{ reference: '4567890' }] })
  t.match(cam(camt([{ amount: '5.00', text: 'Factura 4567890, gracias' }])), { entries: [{ reference: undefined, hints: ['4567890'] }] })
  const entry = (body: string) => camt([], { extra: `<Ntry>${body}</Ntry>` })
  t.match(cam(entry('<Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><BookgDt><Dt>2026-11-21</Dt></BookgDt>')), { skipped: 1, entries: [] }, 'what is not booked yet does not count')
  t.match(cam(entry('<Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts><BookgDt><DtTm>2026-11-21T23:30:00Z</DtTm></BookgDt>')), { entries: [{ reversal: true, day: '2026-11-22', time: '00:30:00' }] }, 'an instant is told on the account’s clock')
  const parts = (second: string) => cam(entry(`<Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-21</Dt></BookgDt><AcctSvcrRef>BATCH1</AcctSvcrRef><NtryDtls><TxDtls><Refs><TxId>T1AA</TxId></Refs><Amt Ccy="EUR">2.00</Amt></TxDtls><TxDtls><Refs><TxId>T2AA</TxId></Refs><Amt Ccy="EUR">${second}</Amt></TxDtls></NtryDtls>`))
  t.match(parts('3.00'), { entries: [{ amount: 200, trackingKey: 'T1AA' }, { amount: 300, trackingKey: 'T2AA' }] }, 'an entry of several transfers')
  t.match(parts('4.00').entries, [{ amount: 500 }], 'parts that are not the whole are not believed')
})

t.test('hostile and foreign XML is refused', async t => {
  const bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
  const [, body] = camt([one]).split('?>\n')
  t.match(problems(() => cam(bomb + body!)), [/DTD/])
  t.match(problems(() => cam(`<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd">${body!}`)), [/DTD/])
  t.match(problems(() => cam(camt([{ amount: '5.00', text: '&xxe;' }]))), [/entity/])
  t.match(problems(() => cam('<a'.repeat(10))), [/./])
  t.match(problems(() => cam('<a>'.repeat(5000))), [/nested/])
  t.match(problems(() => cam('<Document xmlns="urn:other"/>')), [/no CAMT.053/])
  t.match(problems(() => cam('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt/></Document>')), [/no statement/])
  t.match(problems(() => cam(camt([one]), () => false)), [/another account/])
  for (const amount of ['-5.00', '5,00', '5.001', '', '1e3', '+1', '99999999999999999999']) t.match(problems(() => cam(camt([{ amount }]))), [/amount|decimals/], amount)
  t.match(problems(() => cam(camt([{ amount: '1.00' }], { currency: 'XYZ' }))), [/currency/])
  t.match(problems(() => cam(camt([{ amount: '1.00', day: '2026-11-32' }]))), [/./])
})

t.test('whatever amounts stand there, every bank’s file tells the same', async t => {
  const line = fc.record({ cents: fc.integer({ min: 1, max: 99_999_999_99 }), reference: fc.integer({ min: 1_000_000, max: 9_999_999 }), tracking: fc.stringMatching(/^[A-Z]{4}[0-9]{10}$/) })
  fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), lines => {
    const told = lines.map(({ cents, reference, tracking }) => ({ amount: (cents / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ','), reference: String(reference), tracking }))
    const credits = ({ entries }: { entries: ParsedEntry[] }) => entries.filter(entry => entry.direction === 'credit').map(({ amount, reference }) => `${amount} ${reference}`).join()
    const wanted = lines.map(({ cents, reference }) => `${cents} ${reference}`).join()
    return [credits(csv('banorte', banorte(told))), credits(csv('citibanamex', citibanamex(told))), credits(csv('bbva', bbva(told))), credits(csv('hsbc', hsbc(told))), credits(csv('santander', santander(told))), credits(cam(camt(told.map(one => ({ ...one, amount: one.amount.replaceAll(',', '') })))))]
      .every(read => read === wanted)
  }), { numRuns: 100 })
  // Noise is refused or read, and never anything else.
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: fc.constantFrom(...'Día,Concepto / Referenciacargo\tAbonoSaldo\n0123456789-.$"<>&;') }), text => {
    for (const bank of Object.keys(layouts)) problems(() => csv(bank, text))
    problems(() => cam(text))
    return true
  }), { numRuns: 200 })
  t.pass('properties hold')
})
