import { Type } from 'typebox'

/** Shapes that every area's schema shares. */
export const closed = { additionalProperties: false } as const

export const oneOf = <const T extends string>(values: readonly T[], options: object = {}) => Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })

export const Mode = oneOf(['test', 'live'])

/** An instant as ISO 8601 in UTC. */
export const Instant = Type.String({ format: 'date-time' })

export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** Minor units of the currency beside it. */
export const Amount = Type.Integer({ minimum: 1, maximum: 9_007_199_254_740_991, description: 'Minor units of `currency` (ISO 4217 exponent).' })

export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217, upper case.' })

/** Up to 40 keys of 40 characters with values of 500: what the narrowest provider keeps, less our own. */
export const Metadata = Type.Record(Type.String({ pattern: '^[^\\[\\]]{1,40}$' }), Type.String({ maxLength: 500 }), { maxProperties: 40 })

export const IdParams = Type.Object({ id: Type.String({ maxLength: 60 }) })

export const listQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  cursor: Type.Optional(Type.String({ maxLength: 60 })),
  created_from: Type.Optional(Instant),
  created_to: Type.Optional(Instant)
}

export const pageOf = <T extends Parameters<typeof Type.Array>[0]>(item: T) => Type.Object({ data: Type.Array(item), next_cursor: Nullable(Type.String()) })

/** Of an answer that is no JSON: in which formats it may come. */
export const bytesAs = (...types: readonly string[]) => ({ description: 'Its bytes.', content: Object.fromEntries(types.map(type => [type, { schema: Type.Unsafe<unknown>({ type: 'string', format: 'binary' }) }])) })
