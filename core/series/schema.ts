import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, oneOf, pageOf } from '../http-schema.ts'
import { documents } from '../issuers/schema.ts'

const Code = Type.String({ pattern: '^[A-Za-z0-9_-]{1,20}$' })

export const NewSeries = Type.Object({
  issuer: Type.String({ maxLength: 60 }),
  document: oneOf(documents, { description: 'The kind of document that it numbers.' }),
  branch: Type.Optional({ ...Code, description: 'Only for documents of this branch. Required in Ecuador, where it is the establecimiento.' }),
  till: Type.Optional({ ...Code, description: 'Only for this till of the branch. Required in Ecuador, where it is the punto de emisión.' }),
  prefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9/_-]{1,25}$', description: 'Mexico: Serie; Spain: the code of the series. In Ecuador it follows from branch and till.' })),
  digits: Type.Optional(Type.Integer({ minimum: 0, maximum: 12, description: 'The number is filled up with zeros to so many digits; 9 in Ecuador, otherwise not at all.' })),
  next_number: Type.Optional(Type.Integer({ minimum: 1, maximum: 999_999_999, default: 1, description: 'Where to go on from, when numbers were given out elsewhere before.' })),
  active: Type.Optional(Type.Boolean({ default: true }))
}, closed)
export type NewSeries = Static<typeof NewSeries>

export const PatchSeries = Type.Object({
  digits: Type.Optional(Type.Integer({ minimum: 0, maximum: 12 })),
  next_number: Type.Optional(Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'Only upwards: a number is never given out twice. Those left out stay a gap, which you may have to explain.' })),
  active: Type.Optional(Type.Boolean())
}, { ...closed, minProperties: 1 })
export type PatchSeries = Static<typeof PatchSeries>

export const Series = Type.Object({
  id: Type.String(),
  object: Type.Literal('series'),
  mode: Mode,
  issuer: Type.String(),
  document: oneOf(documents),
  branch: Type.Union([Type.String(), Type.Null()]),
  till: Type.Union([Type.String(), Type.Null()]),
  prefix: Type.String(),
  digits: Type.Integer(),
  next_number: Type.Integer(),
  /** As the next document would say it. */
  next: Type.String({ description: 'How the next number is written.' }),
  active: Type.Boolean(),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Series' })
export type Series = Static<typeof Series>

export const ListSeries = Type.Object({
  ...listQuery,
  issuer: Type.Optional(Type.String({ maxLength: 60 })),
  document: Type.Optional(oneOf(documents)),
  branch: Type.Optional(Code),
  active: Type.Optional(Type.Boolean())
}, closed)
export type ListSeries = Static<typeof ListSeries>
export const SeriesPage = pageOf(Series)
