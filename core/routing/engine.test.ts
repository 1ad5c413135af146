import fc from 'fast-check'
import t from 'tap'
import { publicId } from '../ids.ts'
import { compileRules, failedFields, type Match, matchingRules, type Question, type Rule } from './engine.ts'

const runs = { numRuns: Number(process.env.PASARELA_PROPERTY_RUNS ?? 1000) }
const con = (n: number) => publicId('connection', `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`)
const rule = (match: Match = {}, rest: Partial<Rule> = {}): Rule => ({ name: 'a rule', enabled: true, match, connections: [con(1)], failover: { on: [] }, ...rest })
const first = (rules: Rule[], question: Question) => [...matchingRules(compileRules(rules), question)][0]?.index
const card: Question = { family: 'payments', currency: 'MXN', country: 'MX', method: 'card', amount: 19900 }

const some = <T> (values: readonly T[]) => fc.subarray([...values], { minLength: 1 })
const anyMatch: fc.Arbitrary<Match> = fc.record({
  family: fc.constantFrom('payments' as const, 'invoicing' as const),
  currency: some(['MXN', 'USD', 'COP']),
  country: some(['MX', 'CO']),
  method: some(['card', 'oxxo']),
  amount: fc.record({ min: fc.nat(300), max: fc.integer({ min: 100, max: 500 }) }, { requiredKeys: [] }),
  metadata: fc.dictionary(fc.constantFrom('channel', 'shop'), some(['web', 'app']), { minKeys: 1 }),
  customer: some(['cus_1', 'a@example.com']),
  issuer: some(['iss_1', 'AAA010101AAA']),
  series: some(['A', 'B'])
}, { requiredKeys: [] })
const anyRule = fc.record({ match: anyMatch, enabled: fc.boolean() }).map(({ match, enabled }) => rule(match, { enabled }))
const anyQuestion: fc.Arbitrary<Question> = fc.record({
  family: fc.constantFrom('payments' as const, 'invoicing' as const),
  currency: fc.constantFrom('MXN', 'USD', 'EUR'),
  country: fc.constantFrom('MX', 'ES'),
  method: fc.constantFrom('card', 'oxxo', 'spei'),
  amount: fc.nat(600),
  metadata: fc.dictionary(fc.constantFrom('channel', 'shop', 'constructor'), fc.constantFrom('web', 'app', 'tv')),
  customer: fc.subarray(['cus_1', 'a@example.com', 'cus_2']),
  issuer: fc.subarray(['iss_1', 'iss_2']),
  series: fc.constantFrom('A', 'C')
}, { requiredKeys: ['family'] })

/** The rule book in its plainest words, to compare with. */
function holds ({ match, enabled }: Rule, question: Question): boolean {
  const among = (wanted: readonly string[] | undefined, found: readonly (string | undefined)[] | undefined) => wanted === undefined || (found ?? []).some(value => value !== undefined && wanted.includes(value))
  return enabled && (match.family ?? 'payments') === question.family &&
    among(match.currency, [question.currency]) && among(match.country, [question.country]) && among(match.method, [question.method]) && among(match.series, [question.series]) &&
    among(match.customer, question.customer) && among(match.issuer, question.issuer) &&
    (match.amount === undefined || (question.amount !== undefined && question.amount >= (match.amount.min ?? 0) && question.amount <= (match.amount.max ?? Infinity))) &&
    Object.entries(match.metadata ?? {}).every(([key, values]) => values.includes(new Map(Object.entries(question.metadata ?? {})).get(key) ?? '\0'))
}

t.test('the rules that match, in the tenant’s order, however they are indexed', async () => {
  fc.assert(fc.property(fc.array(anyRule, { maxLength: 30 }), anyQuestion, (rules, question) => {
    const found = [...matchingRules(compileRules(rules), question)].map(({ index }) => index)
    const wanted = rules.flatMap((rule, index) => holds(rule, question) ? [index] : [])
    if (found.join() !== wanted.join()) throw new Error(`found ${found.join()}, wanted ${wanted.join()}`)
  }), runs)
})

t.test('a rule says which of its fields failed, and none exactly when it matches', async () => {
  fc.assert(fc.property(anyRule, anyQuestion, (rule, question) => {
    const [compiled] = compileRules([rule]).rules
    if ((failedFields(compiled!, question).length === 0) !== holds({ ...rule, enabled: true }, question)) throw new Error('the explanation is not the decision')
  }), runs)
})

t.test('a rule below one that asks for less is never the first: it is shadowed', async () => {
  fc.assert(fc.property(anyRule, anyRule, anyQuestion, (wide, narrow, question) => {
    const shadowed = rule({ ...narrow.match, ...wide.match })
    const decided = first([{ ...wide, enabled: true }, shadowed], question)
    if (decided === 1) throw new Error('the narrower rule was first')
  }), runs)
})

t.test('a rule without conditions is of payments and takes every one', async t => {
  t.equal(first([rule()], card), 0)
  t.equal(first([rule()], { family: 'payments' }), 0)
  t.equal(first([rule()], { family: 'invoicing' }), undefined)
})

t.test('what is not known matches no rule that asks for it', async t => {
  for (const match of [{ currency: ['MXN'] }, { country: ['MX'] }, { method: ['card'] }, { amount: { min: 0 } }, { metadata: { a: ['b'] } }, { customer: ['cus_1'] }] as Match[]) {
    t.equal(first([rule(match)], { family: 'payments' }), undefined, JSON.stringify(match))
  }
})

t.test('bounds of an amount are inclusive', async t => {
  const range = [rule({ amount: { min: 100, max: 200 } })]
  t.same([99, 100, 200, 201].map(amount => first(range, { ...card, amount })), [undefined, 0, 0, undefined])
})

t.test('a thousand rules are decided in microseconds', async t => {
  const currencies = ['MXN', 'USD', 'COP', 'PEN', 'CLP', 'BRL', 'ARS', 'EUR', 'GBP', 'JPY']
  const rules = Array.from({ length: 1000 }, (_, n) => rule({ ...(n % 2 === 0 && { currency: [currencies[n % 10]!] }), metadata: { shop: [`shop-${n}`] } }, { connections: [con(n)] }))
  const compiled = compileRules(rules)
  const ask = (n: number) => matchingRules(compiled, { ...card, metadata: { shop: `shop-${n % 1000}` } }).next()
  for (let n = 0; n < 5000; n++) ask(n)
  const startedAt = performance.now()
  for (let n = 0; n < 5000; n++) ask(n)
  const microseconds = (performance.now() - startedAt) / 5000 * 1000
  t.comment(`${microseconds.toFixed(1)} µs`)
  t.ok(microseconds < 1000, `${microseconds.toFixed(1)} µs, on a machine that others use too`)
})
