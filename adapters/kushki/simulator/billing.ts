import { cards, charge, tell, useToken } from './books.ts'
import { type Account, badBody, type Json, type KeptCard, Refusal, type World } from './world.ts'

/** Kept cards and their schedules. Written from facts section 6.2 and the pages on recurring payments. */

export function keep (world: World, account: Account, { token, ...asked }: Json): Json {
  const day = Date.parse(asked.startDate)
  if (!(day > world.now().getTime() - 86_400_000)) throw badBody('startDate must be a day to come')
  const card = useToken(account, token)
  const says = cards[card]!
  if (says.code !== undefined && card !== 'failing') throw new Refusal(400, says.code, says.message!)
  // Sixteen digits, as Kushki's.
  const subscriptionId = `${world.now().getTime()}${String(world.serial() % 1000).padStart(3, '0')}`
  account.cards.push({ shown: { subscriptionId, ...asked, metadata: asked.metadata ?? {}, created: world.now().getTime(), active: true, status: 'ACTIVE', paymentBrand: says.brand, lastFourDigits: says.last4, cardType: 'credit' }, card, nextAt: asked.periodicity === 'custom' ? undefined : day })
  world.changed()
  return { subscriptionId }
}

export function keptOf (account: Account, id: string): KeptCard {
  const found = account.cards.find(({ shown }) => shown.subscriptionId === id)
  if (found === undefined) throw new Refusal(404, 'K006', 'La suscripción no existe')
  return found
}

function alive (account: Account, id: string): KeptCard {
  const found = keptOf(account, id)
  if (found.shown.active !== true) throw new Refusal(400, 'K006', 'La suscripción no está activa')
  return found
}

export function change (world: World, account: Account, id: string, asked: Json): Json {
  const kept = alive(account, id)
  Object.assign(kept.shown, asked)
  if (asked.startDate !== undefined && !(Date.parse(asked.startDate) > world.now().getTime() - 86_400_000)) throw badBody('startDate must be a day to come')
  kept.nextAt = kept.shown.periodicity === 'custom' ? undefined : asked.startDate !== undefined ? Date.parse(asked.startDate) : kept.nextAt
  world.changed()
  return {}
}

export function forget (world: World, account: Account, id: string): Json {
  const kept = alive(account, id)
  Object.assign(kept.shown, { active: false, status: 'INACTIVE' })
  kept.nextAt = undefined
  tell(world, account, { name: 'subscriptionDelete', event: { subscriptionId: id, metadata: kept.shown.metadata, planName: kept.shown.planName } })
  world.changed()
  return {}
}

export function chargeKept (world: World, account: Account, id: string, type: string, asked: Json): Json {
  const kept = alive(account, id)
  return charge(world, account, { type, card: kept.card, amount: asked.amount, metadata: asked.metadata, kept, deferred: asked.deferred, months: asked.months })
}

const days: Record<string, number> = { daily: 1, weekly: 7 }
const months: Record<string, number> = { monthly: 1, bimonthly: 2, quarterly: 3, halfYearly: 6, yearly: 12 }

/** What is due by then is charged. */
export function advance (world: World, account: Account, to: Date): void {
  for (const kept of account.cards) {
    while (kept.nextAt !== undefined && kept.nextAt <= to.getTime()) {
      const { periodicity } = kept.shown
      due(world, account, kept)
      const next = new Date(kept.nextAt)
      if (days[periodicity] !== undefined) next.setUTCDate(next.getUTCDate() + days[periodicity])
      else next.setUTCMonth(next.getUTCMonth() + months[periodicity]!)
      kept.nextAt = next.getTime()
    }
  }
}

/** One try of a period. */
export function due (world: World, account: Account, kept: KeptCard): void {
  const { subscriptionId, metadata, amount, planName } = kept.shown
  const event = { subscriptionId, metadata, amount, planName }
  try {
    // A scheduled charge has no metadata of its own: what the subscription carries stands beside it.
    const { ticketNumber, transactionReference } = charge(world, account, { type: 'SALE', card: kept.card, amount, kept })
    tell(world, account, { name: 'succesfullCharge', event: { ...event, ticketNumber, transactionReference } })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    tell(world, account, { name: 'declinedCharge', event: { ...event, ticketNumber: error.body.ticketNumber } })
  }
}
