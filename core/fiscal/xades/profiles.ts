import type { DigestMethod, SignatureMethod } from '../xml/algorithms.ts'

/** How one authority wants its XAdES signature: everything that differs between them, and nothing that differs between documents. */
export interface XadesProfile {
  signature: SignatureMethod
  digest: DigestMethod
  /** What the references come in: the authorities take any order; each profile keeps that of the authority's own sample. */
  order: readonly ('document' | 'properties' | 'key')[]
  /** `root`: by the root's own `id`. `whole`: URI="", the document with what stands around its root. */
  document: 'root' | 'whole'
  /** The certificates above the signer's in X509Data. */
  chain: boolean
  format: { description: string, oid?: string, mimeType: string }
  /** Makes it an EPES. */
  policy?: { identifier: string, description: string, digest: DigestMethod, value: string, uri?: string }
  /** The last child of the root, by its name with its prefix, where the signature goes in there and not at the end of the root. */
  within?: string
  /** ClaimedRole. */
  role?: string
}

/**
 * XAdES-BES as the SRI takes it (Ficha Técnica Comprobantes Electrónicos v2.34, §6.8, 2026-07-27): RSA-SHA1, enveloped, the leaf
 * alone. The Ficha does not mention SHA-256, so it is a setting.
 */
export const sriProfile = ({ sha256 = false }: { sha256?: boolean } = {}): XadesProfile => ({
  signature: sha256 ? 'RSA-SHA256' : 'RSA-SHA1',
  digest: sha256 ? 'SHA256' : 'SHA1',
  order: ['properties', 'key', 'document'],
  document: 'root',
  chain: false,
  format: { description: 'contenido comprobante', mimeType: 'text/xml' }
})

/** Política de firma electrónica de Facturae, v3.1. The value is the hash of that PDF, which does not change. */
export const facturaePolicy = {
  identifier: 'http://www.facturae.es/politica_de_firma_formato_facturae/politica_de_firma_formato_facturae_v3_1.pdf',
  description: 'Política de Firma FacturaE v3.1',
  digest: 'SHA1',
  value: 'Ohixl6upD6av8N7pEvDABhEL6hM='
} as const

/** Who signs, as the policy's §2.4.2 words it. */
export type FacturaeRole = 'emisor' | 'receptor' | 'tercero'

/** XAdES-EPES of Facturae, with the algorithms of FACe's own sample (RSA-SHA256, SHA-512) and the whole chain, without which FACe refuses. */
export const facturaeProfile = ({ role = 'emisor' }: { role?: FacturaeRole } = {}): XadesProfile => ({
  signature: 'RSA-SHA256',
  digest: 'SHA512',
  order: ['document', 'properties', 'key'],
  document: 'whole',
  chain: true,
  format: { description: 'Factura electrónica', oid: 'urn:oid:1.2.840.10003.5.109.10', mimeType: 'text/xml' },
  policy: facturaePolicy,
  role
})

/** Política de firma de la Administración General del Estado v1.9, as the AEAT's own signed sample names it. */
export const agePolicy = {
  identifier: 'urn:oid:2.16.724.1.3.1.1.2.1.9',
  description: '',
  digest: 'SHA1',
  value: 'G7roucf600+f03r/o0bAOQ6WAs0=',
  uri: 'https://sede.administracion.gob.es/politica_de_firma_anexo_1.pdf'
} as const

/** XAdES-EPES of registros de facturación and de evento that are kept and not submitted (Orden HAC/1177/2024, art. 14; the AEAT's signed sample). */
export const verifactuProfile = ({ event = false }: { event?: boolean } = {}): XadesProfile => ({
  signature: 'RSA-SHA256',
  digest: 'SHA256',
  order: ['document', 'properties', 'key'],
  document: 'whole',
  chain: false,
  format: { description: event ? 'Registro de evento' : 'Registro de facturación', oid: 'urn:oid:1.2.840.10003.5.109.10', mimeType: 'text/xml' },
  policy: agePolicy,
  ...(event && { within: 'sf:Evento' })
})
