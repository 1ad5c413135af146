import type { PacKeys } from '../fiscal/mx/pac-keys.ts'
import { isEvent, isRecord } from '../fiscal/es/verifactu/read.ts'
import { kindOfXades } from '../fiscal/xades/kinds.ts'
import type { Verification } from '../fiscal/verification.ts'
import type { XmlElement } from '../fiscal/xml/element.ts'

export interface VerifierOptions {
  /** Keys of PACs whose certificates were given. */
  pacKeys: PacKeys
  /** Authorities that are trusted, DER: then a chain must end at one of them. */
  authorities?: readonly Uint8Array[]
}

/** What one kind of signed document is known by, and what looks at it. Another kind is another row. */
export interface Verifier {
  isIt: (root: XmlElement) => boolean
  verify: (bytes: Uint8Array, options: VerifierOptions) => Promise<Verification>
}

export const verifiers: readonly Verifier[] = [
  {
    isIt: ({ name, namespace }) => name === 'Comprobante' && namespace.startsWith('http://www.sat.gob.mx/cfd/'),
    verify: async (bytes, { pacKeys }) => {
      const { verifyCfdi } = await import('../fiscal/mx/verify.ts')
      return verifyCfdi(bytes, { pacKeys })
    }
  },
  {
    isIt: ({ namespace }) => namespace === 'http://cancelacfd.sat.gob.mx',
    verify: async bytes => {
      const { verifyCancellation } = await import('../fiscal/mx/cancellation.ts')
      return verifyCancellation(bytes)
    }
  },
  {
    isIt: root => isRecord(root) || isEvent(root),
    verify: async (bytes, { authorities = [] }) => {
      const [{ verifyRecord }, { readCertificate }] = await Promise.all([import('../fiscal/es/verifactu/verify.ts'), import('../x509/certificate.ts')])
      return await verifyRecord(bytes, { authorities: authorities.map(readCertificate) })
    }
  },
  {
    isIt: root => kindOfXades(root) !== undefined,
    verify: async (bytes, { authorities = [] }) => {
      const [{ verifyXades }, { readCertificate }] = await Promise.all([import('../fiscal/xades/verify.ts'), import('../x509/certificate.ts')])
      return await verifyXades(bytes, { authorities: authorities.map(readCertificate) })
    }
  }
]
