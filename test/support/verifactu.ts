/** What tests of the AEAT's service share: certificates for its HTTPS, whoever calls it, and records as the core writes them. */
import tls from 'node:tls'
import { startVerifactuSimulator, type VerifactuSimulator } from '../../adapters/verifactu/simulator.ts'
import type { RecordSamples } from '../../core/adapter/conformance.ts'
import { toTheTown } from '../../core/fiscal/es/fixtures/invoices.ts'
import { altaOf, recordDay } from '../../core/fiscal/es/verifactu/from-invoice.ts'
import type { BillingSystem } from '../../core/fiscal/es/verifactu/model.ts'
import { writeRecord } from '../../core/fiscal/es/verifactu/write.ts'
import { der, madeKey, makeAuthority, makeCertificate, sequence } from './csd.ts'

export { startVerifactuSimulator }

export const system: BillingSystem = { producer: { name: 'Operadora, S.L.', nif: 'B65410011' }, name: 'Pasarela', id: 'PA', version: '1.0', installation: 'vfc_test', onlyVerifactu: false, multiple: true }

const validity = { validFrom: new Date('2025-01-01T00:00:00Z'), validTo: new Date('2040-01-01T00:00:00Z') }
/** Whom the AEAT trusts here. */
const trusted = 'AC de prueba'

const pemOf = (certificate: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64').replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n`

/** A person's certificate with its key, PEM: the NIF stands where the FNMT writes it. */
export function identityOf (nif: string, authority = trusted): { certificate: string, key: string } {
  const key = madeKey('tls caller')
  return {
    certificate: pemOf(makeCertificate({ subject: [['2.5.4.6', 'ES'], ['2.5.4.5', `IDCES-${nif}`], ['2.5.4.3', `PRUEBAS ${nif}`]], key, serial: Buffer.from(nif), ...validity, issuer: makeAuthority(authority) })),
    key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  }
}

/** For HTTPS on this machine; its authority is trusted from now on, in this process alone. `callers`: whose certificates it takes. */
export function serverTls ({ callers = makeAuthority(trusted).certificate }: { callers?: Uint8Array } = {}): { key: string, cert: string, authority: string, representative: string, stranger: string } {
  const authority = makeAuthority('Servidores de prueba')
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pemOf(authority.certificate)])
  const key = madeKey('tls server')
  const cert = pemOf(makeCertificate({ subject: [['2.5.4.3', '127.0.0.1']], key, serial: Buffer.from([7]), ...validity, issuer: authority, extensions: [{ oid: '2.5.29.17', value: sequence(der(0x87, Buffer.from([127, 0, 0, 1]))) }] }))
  const whole = (nif: string, authority = trusted): string => Object.values(identityOf(nif, authority)).join('')
  return { key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert, authority: pemOf(callers), representative: whole('00000010X'), stranger: whole('X5102754C', 'Otra AC') }
}

/** Altas of the town's invoice, chained to each other. */
export function recordsOf (prefix: string, count: number, now: Date, customer = 'P2807900B'): { xml: string, reference: { number: string, date: string } }[] {
  let previous = null as Parameters<typeof writeRecord>[1]['previous']
  return Array.from({ length: count }, (_, index) => {
    const day = now.toISOString().slice(0, 10)
    const alta = altaOf(toTheTown({ series: prefix, number: String(index + 1), customer: { ...toTheTown().customer, taxId: customer }, es: { issuedOn: day } }))
    const { text, huella } = writeRecord(alta, { system: { ...system, installation: prefix }, previous, at: `${day}T12:00:00+01:00` })
    previous = { ...alta.name, huella }
    return { xml: text, reference: { number: alta.name.number, date: recordDay(day) } }
  })
}

export const recordSamples: RecordSamples = {
  issuer: { name: 'Ejemplo de Servicios, S.L.', taxId: 'B65410011' },
  records: recordsOf,
  refused ({ simulator }, prefix, now) {
    (simulator as VerifactuSimulator).forget('93471790C')
    return recordsOf(prefix, 1, now, '93471790C')[0]!
  }
}
