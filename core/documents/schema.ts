import { type Static, Type } from 'typebox'
import { closed, Instant, Mode, Nullable } from '../http-schema.ts'

export const Document = Type.Object({
  id: Type.String(),
  object: Type.Literal('document'),
  mode: Mode,
  kind: Type.String({ description: '`xml`: the fiscal document as it was stamped; `pdf`; `receipt`: the authority’s acknowledgement (acuse) …' }),
  subject: Type.String({ description: 'What it belongs to.' }),
  name: Type.String(),
  content_type: Type.String(),
  bytes: Type.Integer(),
  sha256: Type.String(),
  created_at: Instant,
  retain_until: Instant,
  deleted_at: Nullable(Instant)
}, { title: 'Document' })
export type Document = Static<typeof Document>

export const NewLink = Type.Object({
  expires_in: Type.Optional(Type.Integer({ minimum: 60, maximum: 2_592_000, default: 86_400, description: 'Seconds.' }))
}, closed)
export type NewLink = Static<typeof NewLink>

export const DocumentLink = Type.Object({ url: Type.String(), expires_at: Instant }, { title: 'DocumentLink' })
export type DocumentLink = Static<typeof DocumentLink>
