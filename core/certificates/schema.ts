import { type Static, Type } from 'typebox'
import { closed, IdParams, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { checkNames } from './preflight.ts'

/** A file in Base64; in a multipart body the file itself. */
const File = (description: string) => Type.String({ maxLength: 400_000, contentEncoding: 'base64', description })
const Label = Type.String({ minLength: 1, maxLength: 80 })
const IssuerId = Type.String({ maxLength: 60, description: 'Whose documents it signs; the issuer of the same tax id when left out.' })

export const NewCertificate = Type.Object({
  cer: Type.Optional(File('The certificate of a CSD (`.cer`).')),
  key: Type.Optional(File('Its private key (`.key`).')),
  p12: Type.Optional(File('Or both in a `.p12` (`.pfx`).')),
  ca: Type.Optional(File('The CA bundle of its authority, PEM or DER, where the `.p12` lacks the chain.')),
  passphrase: Type.Optional(Type.String({ maxLength: 1000, description: 'Of the key or of the `.p12`. Write-only, as the files are.' })),
  label: Type.Optional(Label),
  issuer: Type.Optional(IssuerId),
  // In a form everything is text.
  dry_run: Type.Optional(Type.Union([Type.Boolean(), oneOf(['true', 'false'])], { description: 'Only look: answers the report with 200 and keeps nothing, whatever it says.' }))
}, closed)
export type NewCertificate = Static<typeof NewCertificate>

export const PatchCertificate = Type.Object({
  label: Type.Optional(Label),
  issuer: Type.Optional(IssuerId),
  ca: Type.Optional(File('The CA bundle of its authority, PEM or DER: the chain is made anew from it.'))
}, { ...closed, minProperties: 1 })
export type PatchCertificate = Static<typeof PatchCertificate>

export const Check = Type.Object({
  name: oneOf(checkNames),
  ok: Type.Boolean(),
  severity: oneOf(['error', 'warning', 'info'], { description: 'Only an `error` that is not `ok` keeps it from being used.' }),
  detail: Type.String()
})

export const Report = Type.Object({
  ok: Type.Boolean(),
  kind: oneOf(['csd', 'fiel', 'p12', 'unknown']),
  holder: Nullable(Type.Object({ name: Nullable(Type.String()), tax_id: Nullable(Type.String()), country: Nullable(Type.String()), representative_tax_id: Nullable(Type.String()) })),
  number: Nullable(Type.String({ description: 'NoCertificado.' })),
  serial: Nullable(Type.String()),
  subject: Nullable(Type.String()),
  issuer: Nullable(Type.String()),
  valid_from: Nullable(Instant),
  valid_to: Nullable(Instant),
  days_left: Nullable(Type.Integer()),
  key: Nullable(Type.Object({ algorithm: Type.String(), bits: Nullable(Type.Integer()) })),
  chain: Type.Array(Type.Object({ subject: Type.String(), valid_to: Instant })),
  fingerprint: Nullable(Type.String({ description: 'SHA-256 of the certificate.' })),
  at: Instant,
  checks: Type.Array(Check)
}, { title: 'CertificateReport', description: 'What was found before anything was kept.' })
export type Report = Static<typeof Report>

export const DryRun = Type.Object({ object: Type.Literal('certificate_report'), report: Report }, { title: 'CertificateDryRun' })

export const statuses = ['scheduled', 'active', 'replaced', 'expired', 'deleted'] as const
export type CertificateStatus = typeof statuses[number]

export const Certificate = Type.Object({
  id: Type.String(),
  object: Type.Literal('certificate'),
  mode: Mode,
  status: oneOf(statuses, { description: '`scheduled`: its turn comes at `active_from`; `replaced`: another one’s turn has come.' }),
  kind: oneOf(['csd', 'p12']),
  label: Type.String(),
  issuer: Nullable(Type.String()),
  holder: Type.Object({ name: Nullable(Type.String()), tax_id: Nullable(Type.String()) }),
  number: Nullable(Type.String({ description: 'NoCertificado.' })),
  fingerprint: Type.String(),
  valid_from: Instant,
  valid_to: Instant,
  days_left: Type.Integer(),
  active_from: Instant,
  chain_length: Type.Integer({ description: 'Certificates above it that are kept with it.' }),
  refused: Nullable(Type.Object({ at: Instant, message: Type.String() }, { description: 'An authority refused what it signed (SRI: 39, 40). Until it is activated again, another takes over or a refused document goes through, its issuer’s next documents wait unsent.' })),
  report: Report,
  created_at: Instant,
  updated_at: Instant
}, { title: 'Certificate' })
export type Certificate = Static<typeof Certificate>

export const ListCertificates = Type.Object({ ...listQuery, issuer: Type.Optional(Type.String({ maxLength: 60 })), status: Type.Optional(oneOf(statuses)) }, closed)
export type ListCertificates = Static<typeof ListCertificates>
export const CertificatePage = pageOf(Certificate)

export const Activate = Type.Object({ at: Type.Optional({ ...Instant, description: 'When its turn begins; at once when left out.' }) }, closed)
export type Activate = Static<typeof Activate>

export const CertificateUse = Type.Object({ id: Type.String(), object: Type.Literal('certificate_use'), purpose: Type.String(), subject: Type.String({ description: 'Id of what was signed, or of who was given the key.' }), created_at: Instant }, { title: 'CertificateUse' })
export type CertificateUse = Static<typeof CertificateUse>
export const ListUses = Type.Object(listQuery, closed)
export type ListUses = Static<typeof ListUses>
export const UsePage = pageOf(CertificateUse)

export const NewConsent = Type.Object({
  connection: Type.String({ maxLength: 60, description: 'A connection to a PAC that seals for you.' }),
  accept: Type.Literal(true, { description: 'That the private key and its passphrase are handed to that provider, who can then sign in your name.' })
}, closed)
export type NewConsent = Static<typeof NewConsent>

export const Upload = Type.Object({
  object: Type.Literal('certificate_upload'),
  mode: Mode,
  certificate: Type.String(),
  connection: Type.String(),
  provider: Type.String(),
  number: Nullable(Type.String({ description: 'NoCertificado, as the provider tells it where it does.' })),
  operation: Type.String({ description: 'The call to the provider; what is kept of it holds neither key nor passphrase.' }),
  uploaded_at: Instant
}, { title: 'CertificateUpload' })
export type Upload = Static<typeof Upload>

export const Consent = Type.Object({
  object: Type.Literal('certificate_consent'),
  mode: Mode,
  certificate: Type.String(),
  connection: Type.String(),
  text: Type.String({ description: 'What was agreed to.' }),
  given_by: Type.String(),
  given_at: Instant,
  withdrawn_at: Nullable(Instant)
}, { title: 'CertificateConsent' })
export type Consent = Static<typeof Consent>
export const ConsentList = Type.Object({ data: Type.Array(Consent) })

export const ConsentParams = Type.Object({ ...IdParams.properties, connection_id: Type.String({ maxLength: 60 }) })
