import type { ProviderProblem } from '../adapter/problems.ts'
import { parseId } from '../ids.ts'

/**
 * Which connections a tenant's rules name, and in which order: pure, so that a decision can be explained, tested and made in
 * microseconds. What a connection can do, and whether it is well, is not known here.
 */
export type Family = 'payments' | 'invoicing'

/** Every field that a rule names must hold; one that it leaves out says nothing. */
export interface Match {
  family?: Family
  currency?: readonly string[]
  country?: readonly string[]
  method?: readonly string[]
  /** Inclusive, in minor units of the currency asked about. */
  amount?: { min?: number, max?: number }
  /** Each key must have one of its values. */
  metadata?: Readonly<Record<string, readonly string[]>>
  customer?: readonly string[]
  issuer?: readonly string[]
  series?: readonly string[]
}

/** A rule as the tenant wrote it, with its lists made out. */
export interface Rule {
  name: string
  enabled: boolean
  match: Match
  /** Public ids, in the order in which they are tried. */
  connections: readonly string[]
  /** Refusals after which the next connection is tried; a call that never got there always allows it. */
  failover: { on: readonly ProviderProblem[] }
}

/** What a connection is wanted for. What is not known matches no rule that asks for it. */
export interface Question {
  family: Family
  currency?: string
  country?: string
  method?: string
  amount?: number
  metadata?: Readonly<Record<string, string>>
  /** Every name that the customer goes by: our id, the mail. */
  customer?: readonly string[]
  issuer?: readonly string[]
  series?: string
}

export type MatchField = keyof Match

export interface CompiledRule {
  /** Its place in the tenant's list, from 0. */
  index: number
  rule: Rule
  /** As UUIDs. */
  connectionIds: readonly string[]
  tests: readonly { field: MatchField, holds: (question: Question) => boolean }[]
}

export interface CompiledRules {
  rules: readonly CompiledRule[]
  /** Enabled rules that a question of this family and currency could meet, in order. */
  candidates: (question: Question) => readonly CompiledRule[]
}

export function compileRules (rules: readonly Rule[]): CompiledRules {
  const compiled = rules.map(compileRule)
  const families = { payments: indexed(compiled, 'payments'), invoicing: indexed(compiled, 'invoicing') }
  return { rules: compiled, candidates: ({ family, currency }) => families[family](currency) }
}

/** The enabled rules that match, in order: the first is the one that counts, unless nothing that it names can serve. */
export function * matchingRules (compiled: CompiledRules, question: Question): Generator<CompiledRule> {
  for (const rule of compiled.candidates(question)) {
    if (rule.tests.every(({ holds }) => holds(question))) yield rule
  }
}

/** The fields of a rule that the question does not meet; empty when it matches. Whether it is enabled is not looked at. */
export function failedFields (rule: CompiledRule, question: Question): MatchField[] {
  return rule.tests.filter(({ holds }) => !holds(question)).map(({ field }) => field)
}

const familyOf = ({ match }: Rule): Family => match.family ?? 'payments'

/** A thousand rules are mostly told apart by their currency: only those that name it, or none, are looked at. */
function indexed (compiled: readonly CompiledRule[], family: Family): (currency: string | undefined) => readonly CompiledRule[] {
  const mine = compiled.filter(({ rule }) => rule.enabled && familyOf(rule) === family)
  const any = mine.filter(({ rule }) => rule.match.currency === undefined)
  const byCurrency = new Map<string, CompiledRule[]>()
  for (const currency of new Set(mine.flatMap(({ rule }) => rule.match.currency ?? []))) {
    byCurrency.set(currency, mine.filter(({ rule }) => rule.match.currency?.includes(currency) ?? true))
  }
  return currency => (currency === undefined ? undefined : byCurrency.get(currency)) ?? any
}

function compileRule (rule: Rule, index: number): CompiledRule {
  const { match } = rule
  const family = familyOf(rule)
  const tests: { field: MatchField, holds: (question: Question) => boolean }[] = [{ field: 'family', holds: question => question.family === family }]
  const oneOf = (field: 'currency' | 'country' | 'method' | 'series') => {
    if (match[field] === undefined) return
    const wanted = new Set(match[field])
    tests.push({ field, holds: question => question[field] !== undefined && wanted.has(question[field]) })
  }
  const anyOf = (field: 'customer' | 'issuer') => {
    if (match[field] === undefined) return
    const wanted = new Set(match[field])
    tests.push({ field, holds: question => question[field]?.some(name => wanted.has(name)) === true })
  }
  oneOf('currency')
  oneOf('country')
  oneOf('method')
  if (match.amount !== undefined) {
    const { min = 0, max = Infinity } = match.amount
    tests.push({ field: 'amount', holds: ({ amount }) => amount !== undefined && amount >= min && amount <= max })
  }
  if (match.metadata !== undefined) {
    const wanted = Object.entries(match.metadata).map(([key, values]) => [key, new Set(values)] as const)
    tests.push({ field: 'metadata', holds: ({ metadata }) => metadata !== undefined && wanted.every(([key, values]) => Object.hasOwn(metadata, key) && values.has(metadata[key]!)) })
  }
  anyOf('customer')
  anyOf('issuer')
  oneOf('series')
  return { index, rule, connectionIds: rule.connections.flatMap(id => parseId('connection', id) ?? []), tests }
}
