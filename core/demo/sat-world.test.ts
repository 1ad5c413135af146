import { createSign } from 'node:crypto'
import path from 'node:path'
import t from 'tap'
import { draftInvoice } from '../../test/support/cfdi.ts'
import { makeCsd } from '../../test/support/csd.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import { isStamp, type SatStamp } from '../adapter/sat-world.ts'
import { signCancellation } from '../fiscal/mx/cancellation.ts'
import { fromInvoice, type InvoiceDraft } from '../fiscal/mx/from-invoice.ts'
import { readSatCertificate } from '../fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../fiscal/mx/seal.ts'
import { verifyStamped } from '../fiscal/mx/verify.ts'
import { createSatWorld } from './sat-world.ts'

const day = 24 * 3600_000
const start = new Date('2026-11-20T18:00:00Z')
const csd = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE SA DE CV', kind: 'csd', validFrom: new Date('2025-01-01'), validTo: new Date('2029-01-01') })
const signing = { certificate: readSatCertificate(csd.cer), sign: async (bytes: Uint8Array) => createSign('RSA-SHA256').update(bytes).sign(csd.privateKey) }

const draft = (changes: Partial<InvoiceDraft> = {}): InvoiceDraft => draftInvoice({ issuedAt: start, lines: [{ ...draftInvoice().lines[0]!, unitPrice: '2000.00' }], ...changes })

const sealed = async (changes: Partial<InvoiceDraft> = {}) => (await sealCfdi({ model: fromInvoice(draft(changes)), ...signing })).xml

function world () {
  let at = start
  const made = createSatWorld({ now: () => at, processMs: 60_000 })
  const query = (stamp: SatStamp) => made.status({ re: stamp.issuer, rr: stamp.receiver, tt: stamp.total, id: stamp.uuid })
  return { made, query, pass: (ms: number) => { at = new Date(at.getTime() + ms) } }
}

const stampOf = async (made: ReturnType<typeof createSatWorld>, changes: Partial<InvoiceDraft> = {}): Promise<SatStamp> => {
  const answer = made.stamp('finkok', await sealed(changes))
  if (!isStamp(answer)) throw new Error(`${answer.code}: ${answer.message}`)
  return answer
}

t.test('what is right is stamped once, and the stamp holds', async t => {
  const { made } = world()
  const xml = await sealed()
  const stamp = made.stamp('finkok', xml)
  if (!isStamp(stamp)) throw new Error(JSON.stringify(stamp))
  const verified = verifyStamped(xml, stamp.xml)
  t.same(verified.checks.filter(({ ok }) => !ok), [])
  t.match(made.stamp('finkok', xml), { code: '307', previous: { uuid: stamp.uuid } }, 'the same at the same PAC')
  t.match(made.stamp('finkok', stamp.xml), { code: '307' }, 'what bears a timbre')
  t.equal(made.stamped('finkok', xml)?.uuid, stamp.uuid)
  t.equal(made.stamped('sw', xml), undefined)
  const elsewhere = made.stamp('sw', xml)
  t.ok(isStamp(elsewhere) && elsewhere.uuid !== stamp.uuid, 'another PAC knows nothing of it: a second stamp is possible, and seen')
  t.equal(made.ledger().length, 2)
  t.equal(made.find(stamp.uuid.toLowerCase())?.folio, '1')
})

t.test('a second start finds the register again', async t => {
  const stateFile = path.join(temporaryFolder(t), 'sat.json')
  const first = createSatWorld({ now: () => start, stateFile, processMs: 60_000 })
  const stamp = await stampOf(first)
  first.cancelFor({ issuer: stamp.issuer, uuid: stamp.uuid, motive: '02' })
  const again = createSatWorld({ now: () => new Date(start.getTime() + 60_000), stateFile, processMs: 60_000 })
  t.same(again.ledger(), first.ledger())
  t.match(again.status({ re: stamp.issuer, rr: stamp.receiver, tt: stamp.total, id: stamp.uuid }), { Estado: 'Cancelado' })
  t.match(again.stamp('finkok', await sealed()), { code: '307', previous: { uuid: stamp.uuid } })
})

t.test('what is wrong is refused as PACs refuse it, and nothing is stamped', async t => {
  const { made } = world()
  const good = Buffer.from(await sealed()).toString('utf8')
  const old = await sealed({ issuedAt: new Date(start.getTime() - 4 * day) })
  const cases: [string, Uint8Array, RegExp][] = [
    ['no XML', Buffer.from('<a'), /^301$/],
    ['not a CFDI', Buffer.from('<a/>'), /^301$/],
    ['a changed amount', Buffer.from(good.replace('Total="2320.00"', 'Total="2330.00"')), /^CFDI40102$/],
    ['too old', old, /^401$/],
    ['a wrong use for the regime', await sealed({ customer: { ...draft().customer, mx: { regime: '601', cfdiUse: 'D01' } } }), /^CFDI401(60|61)$/]
  ]
  for (const [name, xml, code] of cases) {
    const answer = made.stamp('finkok', xml)
    t.ok(!isStamp(answer) && code.test(answer.code), `${name}: ${JSON.stringify(answer).slice(0, 120)}`)
  }
  t.equal(made.ledger().length, 0)
})

t.test('a cancellation is requested, then decided', async t => {
  const cancel = async (made: ReturnType<typeof createSatWorld>, uuid: string, motive = '02', substitute?: string) =>
    made.cancel(await signCancellation({ issuerRfc: 'EKU9003173C9', folios: [{ uuid, motive, ...(substitute !== undefined && { substitute }) }], at: start }, { certificate: signing.certificate, sign: async bytes => createSign('RSA-SHA1').update(bytes).sign(csd.privateKey) })).folios[0]!.code

  await t.test('within a day, without the receiver', async t => {
    const { made, query, pass } = world()
    const stamp = await stampOf(made)
    t.match(query(stamp), { Estado: 'Vigente', EstatusCancelacion: '' })
    t.equal(await cancel(made, stamp.uuid), '201')
    t.match(query(stamp), { Estado: 'Vigente', EstatusCancelacion: 'En proceso' }, '201 is not cancelled')
    t.equal(await cancel(made, stamp.uuid), '202')
    pass(60_000)
    t.match(query(stamp), { Estado: 'Cancelado', EstatusCancelacion: 'Cancelado sin aceptación' })
  })
  await t.test('later, the receiver is asked: accepts, rejects, says nothing', async t => {
    for (const [answer, expected] of [['accept', { Estado: 'Cancelado', EstatusCancelacion: 'Cancelado con aceptación' }], ['reject', { Estado: 'Vigente', EstatusCancelacion: 'Solicitud rechazada' }], [undefined, { Estado: 'Cancelado', EstatusCancelacion: 'Plazo vencido' }]] as const) {
      const { made, query, pass } = world()
      const stamp = await stampOf(made)
      pass(2 * day)
      t.match(query(stamp), { EsCancelable: 'Cancelable con aceptación' })
      t.equal(await cancel(made, stamp.uuid), '201')
      t.match(query(stamp), { Estado: 'Vigente', EstatusCancelacion: 'En proceso' })
      if (answer === undefined) pass(3 * day)
      else {
        made.receiverAnswers(stamp.uuid, answer)
        pass(60_000)
      }
      t.match(query(stamp), expected)
      if (answer === 'reject') t.equal(await cancel(made, stamp.uuid), '201', 'and may be asked again')
    }
  })
  await t.test('what the law asks of a request', async t => {
    const { made } = world()
    const stamp = await stampOf(made)
    const substitute = await stampOf(made, { number: '2', related: [{ type: '04', fiscalId: stamp.uuid }] })
    for (const wrong of [{ motive: '01' }, { motive: '02', substitute: substitute.uuid }, { motive: '09' }]) t.equal(made.cancelFor({ issuer: stamp.issuer, uuid: stamp.uuid, ...wrong }).folios[0]?.code, '207')
    t.equal(await cancel(made, stamp.uuid, '01', '5803EB8D-81CD-4557-8719-26632D2FA434'), '207')
    t.equal(await cancel(made, '5803EB8D-81CD-4557-8719-26632D2FA434'), '205')
    t.equal(made.cancelFor({ issuer: 'COSC8001137NA', uuid: stamp.uuid, motive: '02' }).folios[0]?.code, '203')
    t.equal(await cancel(made, stamp.uuid, '01', substitute.uuid), '201')
    t.match(made.status({ re: stamp.issuer, rr: stamp.receiver, tt: '1.00', id: stamp.uuid }), { Estado: 'No Encontrado' }, 'another total is another document')
  })
})
