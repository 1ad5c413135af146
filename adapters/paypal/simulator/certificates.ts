import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Certificates as PayPal's: a root, an authority below it, and the one that signs. Written by hand: there is no such thing in Node. */

export interface Signer { privateKey: KeyObject, leaf: string, chain: string }

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? Buffer.of(body.length) : body.length < 256 ? Buffer.of(0x81, body.length) : Buffer.of(0x82, body.length >> 8, body.length & 255)
  return Buffer.concat([Buffer.of(tag), length, body])
}
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const sha256WithRsa = sequence(oid('2a864886f70d01010b'), der(0x05))
const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(commonName)))))
const timeOf = (at: Date): Buffer => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))
const isAuthority = (ca: boolean): Buffer => der(0xa3, sequence(sequence(oid('551d13'), der(0x01, Buffer.of(0xff)), der(0x04, ca ? sequence(der(0x01, Buffer.of(0xff))) : sequence()))))

export interface Issuing { subject: string, issuer: string, key: KeyObject, by: KeyObject, ca: boolean, from: Date, to: Date, serial: number }

export function certificate ({ subject, issuer, key, by, ca, from, to, serial }: Issuing): string {
  const body = sequence(der(0xa0, der(0x02, Buffer.of(2))), der(0x02, Buffer.of(1, serial)), sha256WithRsa, nameOf(issuer), sequence(timeOf(from), timeOf(to)), nameOf(subject), key.export({ type: 'spki', format: 'der' }), isAuthority(ca))
  const whole = sequence(body, sha256WithRsa, der(0x03, Buffer.of(0), sign('sha256', body, by)))
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

export const subjects = { sandbox: 'messageverificationcerts.sandbox.paypal.com', live: 'messageverificationcerts.paypal.com' }

export function chainFor (subject: string, { from = new Date('2025-01-01T00:00:00Z'), to = new Date('2040-01-01T00:00:00Z') }: { from?: Date, to?: Date } = {}): Signer {
  const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
  const [root, middle, leaf] = [pair(), pair(), pair()]
  const long = { from: new Date('2020-01-01T00:00:00Z'), to: new Date('2049-01-01T00:00:00Z') }
  const names = { root: 'Simulated Root', middle: 'Simulated Authority' }
  const pem = {
    root: certificate({ subject: names.root, issuer: names.root, key: root.publicKey, by: root.privateKey, ca: true, serial: 1, ...long }),
    middle: certificate({ subject: names.middle, issuer: names.root, key: middle.publicKey, by: root.privateKey, ca: true, serial: 2, ...long }),
    leaf: certificate({ subject, issuer: names.middle, key: leaf.publicKey, by: middle.privateKey, ca: false, from, to, serial: 3 })
  }
  return { privateKey: createPrivateKey(leaf.privateKey.export({ type: 'pkcs8', format: 'pem' })), leaf: pem.leaf, chain: pem.leaf + pem.middle + pem.root }
}

/** Making keys takes a while: a process makes one chain for each environment. */
const made = new Map<string, Signer>()

export function signer (environment: keyof typeof subjects = 'sandbox'): Signer {
  const known = made.get(environment) ?? chainFor(subjects[environment])
  made.set(environment, known)
  return known
}
