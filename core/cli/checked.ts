import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { UsageError } from './command.ts'

/** What the API's schema asks of the body is asked of the options that become it; `optionOf` names those that differ. */
export function checked<T extends TSchema> (schema: T, body: Record<string, unknown>, optionOf: Readonly<Record<string, string>> = {}): Static<T> {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
  const problems = Value.Errors(schema, given).map(({ instancePath, message, params }) => {
    const field = instancePath.split('/')[1] ?? ''
    const { allowedValues } = params as { allowedValues?: unknown[] }
    return `${field === '' ? '' : `--${optionOf[field] ?? field.replaceAll('_', '-')} `}${allowedValues === undefined ? message : `must be one of ${allowedValues.join(', ')}`}`
  })
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
  return given as Static<T>
}
