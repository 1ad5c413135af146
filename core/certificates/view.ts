import { publicId } from '../ids.ts'
import type { ConsentRow, CertificateRow } from './queries.ts'
import type { Report as Found } from './preflight.ts'
import type { Certificate, Consent, Report } from './schema.ts'
import type { LocalText, Mode } from '../adapter/context.ts'

type Language = 'es' | 'en'
const dayMs = 24 * 3600_000

export function showReport ({ checks, ...report }: Found, language: Language): Report {
  return { ...report, checks: checks.map(check => ({ name: check.name, ok: check.ok, severity: check.severity, detail: check[language] })) }
}

export function showCertificate (row: CertificateRow, now: Date, language: Language): Certificate {
  return {
    id: publicId('certificate', row.id),
    object: 'certificate',
    mode: row.mode,
    status: row.status,
    kind: row.kind,
    label: row.label,
    issuer: row.issuer_id === null ? null : publicId('issuer', row.issuer_id),
    holder: { name: row.holder_name, tax_id: row.tax_id },
    number: row.number,
    fingerprint: row.fingerprint,
    valid_from: row.valid_from.toISOString(),
    valid_to: row.valid_to.toISOString(),
    days_left: Math.floor((row.valid_to.getTime() - now.getTime()) / dayMs),
    active_from: row.active_from.toISOString(),
    chain_length: row.chain.length,
    refused: row.refused_at === null ? null : { at: row.refused_at.toISOString(), message: row.refused_because ?? '' },
    report: showReport(row.report, language),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

/** What is agreed to. A change of meaning is another version; the ones before stay, because rows name them. */
export const consentTexts: Readonly<Record<string, LocalText>> = {
  '2026-11': {
    es: 'Acepto que mi certificado, su llave privada y su contraseña se entreguen cifrados en tránsito a este proveedor, que podrá firmar documentos en mi nombre hasta que el certificado se revoque o venza. Retirar el consentimiento impide nuevas entregas, no borra la copia del proveedor.',
    en: 'I agree that my certificate, its private key and its passphrase are handed to this provider, encrypted in transit, who can then sign documents in my name until the certificate is revoked or expires. Withdrawing the consent keeps it from being handed out again; it does not delete the provider’s copy.'
  }
}
export const consentVersion = '2026-11'

export function showConsent (row: ConsentRow, { mode, certificate, language }: { mode: Mode, certificate: string, language: Language }): Consent {
  return {
    object: 'certificate_consent',
    mode,
    certificate,
    connection: publicId('connection', row.connection_id),
    text: consentTexts[row.text_version]?.[language] ?? row.text_version,
    given_by: row.given_by,
    given_at: row.given_at.toISOString(),
    withdrawn_at: row.withdrawn_at?.toISOString() ?? null
  }
}
