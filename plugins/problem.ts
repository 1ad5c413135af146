import { Type, type Static } from 'typebox'
import { errorCatalogue, type ErrorCode, type HubError } from '../core/errors.ts'
import { fieldSentence } from '../core/field-sentences.ts'
import type { Language } from './language.ts'

/** RFC 9457, with what ours adds. Used for the answer and for the published contract. */
export const Problem = Type.Object({
  type: Type.String({ format: 'uri', description: 'Where the code is explained.' }),
  title: Type.String({ description: 'What the code means, in the language of Accept-Language.' }),
  status: Type.Integer(),
  code: Type.String({ description: 'Stable; the codes are listed in docs/errors.md.' }),
  detail: Type.String({ description: 'What happened this time, for a person.' }),
  errors: Type.Optional(Type.Array(Type.Object({
    path: Type.String({ description: 'The field, such as `lines[0].quantity`.' }),
    message: Type.String(),
    code: Type.Optional(Type.String({ description: 'The authority’s own code of a broken rule (CFDI40161 …).' }))
  }))),
  provider: Type.Optional(Type.Object({
    id: Type.String(),
    code: Type.Optional(Type.String({ description: 'The provider’s own code, verbatim.' })),
    message: Type.Optional(Type.String({ description: 'The provider’s own sentence, verbatim.' }))
  })),
  report: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'Of a certificate that was refused: the pre-flight report, as `POST /v1/certificates` with `dry_run` gives it.' })),
  request_id: Type.String({ description: 'Say it to support; it is also the header Request-Id.' })
}, { $id: 'Problem', title: 'Problem', description: 'An error (RFC 9457).' })
export type ProblemBody = Static<typeof Problem>

/** An identifier first; a constant, so that it is the same at every installation. */
export function problemType (code: ErrorCode): string {
  return `https://pasarela.dev/errors#${code}`
}

export function problemBody (failure: HubError, language: Language, requestId: string): ProblemBody {
  return {
    type: problemType(failure.code),
    title: errorCatalogue[failure.code][language],
    status: failure.status,
    code: failure.code,
    detail: failure.detail[language],
    ...(failure.errors && { errors: failure.errors.map(error => ({ ...error, message: fieldSentence(error.message, language) })) }),
    ...(failure.provider && { provider: failure.provider as ProblemBody['provider'] }),
    ...(failure.report && { report: failure.report }),
    request_id: requestId
  }
}
