import { isProviderError } from '../problems.ts'
import type { Snapshot } from './family.ts'
import { check, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import type { Happening } from './webhooks.ts'

/** An adapter serves every tenant of a process at once, so it remembers nothing. */
export function statePromises ({ harness }: Plan, happen: Happening, family: Snapshot): Draft[] {
  const { adapter } = harness
  const { get } = family
  return [{
    promise: 'stateless',
    name: 'two accounts in turns do not see each other',
    because: 'what one connection leaves behind is the next tenant’s data',
    async keep (session) {
      const [ours, theirs] = [session.open(), session.open()]
      const [a, b] = [await happen(session, ours), await happen(session, theirs)]
      check(a.providerReference !== b.providerReference, `both are told of ${a.providerReference}`)
      if (get === undefined) return
      same((await get(ours, a.providerReference)).providerReference, a.providerReference, 'the first account reads its own')
      same((await get(theirs, b.providerReference)).providerReference, b.providerReference, 'the second account reads its own')
      if (family.find !== undefined) {
        same((await family.find(session, ours, a.reference))?.providerReference, a.providerReference, 'the first account finds its own')
        same((await family.find(session, theirs, b.reference))?.providerReference, b.providerReference, 'the second account finds its own')
      }
      if (shown(ours.credentials) === shown(theirs.credentials)) return // the simulator has one account
      const got = await get(theirs, a.providerReference).catch((error: unknown) => error)
      check(isProviderError(got) && got.reached === 'answered', `the second account reads the first one's ${a.providerReference}: ${shown(got)}`)
      if (family.find !== undefined) same(await family.find(session, theirs, a.reference), undefined, "the first account's reference, asked of the second")
    }
  }, {
    promise: 'stateless',
    name: 'many at once are told apart',
    because: 'a worker runs sixteen jobs at a time',
    async keep (session) {
      const contexts = Array.from({ length: 4 }, () => session.open())
      const made = await Promise.all([...contexts, ...contexts].map(async context => ({ context, ...await happen(session, context) })))
      same(new Set(made.map(({ providerReference }) => providerReference)).size, made.length, 'each call is answered with its own object')
      const proofs = await Promise.all(contexts.map(context => adapter.test(context)))
      const again = await Promise.all(contexts.map(context => adapter.test(context)))
      same(again.map(({ account }) => account.id), proofs.map(({ account }) => account.id), 'each account is recognised again')
      if (get === undefined) return
      for (const { context, providerReference } of made) same((await get(context, providerReference)).providerReference, providerReference, 'read back by the account that made it')
    }
  }]
}
