import { HubError } from '../errors.ts'
import type { Finding } from './engine.ts'

/** Throws a 400 with every broken rule and its code; warnings break nothing. */
export function assertIssuable (findings: readonly Finding[]): void {
  const broken = findings.filter(({ level }) => level === 'error')
  if (broken.length > 0) throw new HubError('invoice_invalid', { errors: broken.map(({ code, path, message }) => ({ path, code, message })) })
}
