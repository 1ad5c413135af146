import { createHash } from 'node:crypto'
import { type Interval, intervals, type Money, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { check } from './amounts.ts'
import { refusal } from './asking.ts'

/** Kushki's words for how often; which there are besides `monthly` and `custom` no fact says for certain (QUIRKS.md). */
const periodicities: Record<string, string> = {
  'day 1': 'daily', 'week 1': 'weekly', 'month 1': 'monthly', 'month 2': 'bimonthly', 'month 3': 'quarterly', 'month 6': 'halfYearly', 'year 1': 'yearly'
}

export const periodicityOf = (interval: Interval, count: number): string | undefined => periodicities[`${interval} ${count}`]

export function intervalOf (periodicity: string): { interval: Interval, count: number } | undefined {
  const [interval, count] = Object.entries(periodicities).find(([, word]) => word === periodicity)?.[0].split(' ') ?? []
  return interval === undefined ? undefined : { interval: interval as Interval, count: Number(count) }
}

export interface Plan {
  reference: string
  name: string
  amount: Money
  interval: Interval
  intervalCount: number
}

const sumOf = (text: string): string => createHash('sha256').update(`kushki plan ${text}`).digest('hex').slice(0, 12)

/** Kushki has no plans: what one costs stands in its name, with a sum against wrong letters. */
function nameOf ({ reference, amount, interval, intervalCount, name }: Plan): string {
  const text = [reference, amount.amount, amount.currency, interval, intervalCount, Buffer.from(name.slice(0, 60)).toString('base64url')].join('.')
  return `${text}.${sumOf(text)}`
}

/** Throws `not_found` for one that we did not name. */
export function planNamed (providerReference: string): Plan {
  const [, text = '', reference = '', amount, currency = '', interval, count, name = '', sum] = /^((\w{4,60})\.(\d{1,15})\.([A-Z]{3})\.([a-z]+)\.(\d{1,3})\.([\w-]+))\.([0-9a-f]{12})$/.exec(providerReference) ?? []
  if (sum === undefined || sum !== sumOf(text) || !(intervals as readonly string[]).includes(interval ?? '')) throw new ProviderError({ code: 'not_found', reached: 'answered', param: 'plan', providerCode: 'plan' })
  return { reference, name: Buffer.from(name, 'base64url').toString(), amount: { amount: Number(amount), currency }, interval: interval as Interval, intervalCount: Number(count) }
}

/** When the period after this one begins: the same day of another month, or its last. */
export function after (from: Date, interval: Interval, count: number): Date {
  const at = new Date(from)
  switch (interval) {
    case 'day': at.setUTCDate(at.getUTCDate() + count); break
    case 'week': at.setUTCDate(at.getUTCDate() + 7 * count); break
    case 'month':
    case 'year': {
      const day = at.getUTCDate()
      at.setUTCDate(1)
      at.setUTCMonth(at.getUTCMonth() + count * (interval === 'year' ? 12 : 1))
      at.setUTCDate(Math.min(day, new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate()))
    }
  }
  return at
}

/** Nothing is sent. */
export const plans = {
  createPlan: async ({ settings }, { reference, name, amount, interval, intervalCount }) => {
    check(amount, settings)
    if (periodicityOf(interval, intervalCount) === undefined) throw refusal('interval', 'Kushki charges by the day, the week, the month, two, three or six months, or the year', 'unsupported')
    return { providerReference: nameOf({ reference, name, amount, interval, intervalCount }), reference, amount, interval, intervalCount }
  }
} satisfies Partial<PaymentsFamily>
