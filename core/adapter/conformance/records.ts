import type { FoundRecord, RecordReference, RecordsFamily, SubmitRecordsInput } from '../records.ts'
import { check, reached, refusal, same } from './check.ts'
import type { Draft } from './draft.ts'
import type { RecordSamples } from './harness.ts'
import type { Session } from './session.ts'

/** Records of invoices: taken in order, judged one by one, never twice, and found again when an answer was lost. */
export function recordPromises (family: RecordsFamily, samples: RecordSamples): Draft[] {
  const made = (session: Session, count: number): SubmitRecordsInput => ({ idempotencyKey: session.key(), issuer: samples.issuer, records: samples.records(session.id('rec').slice(-12), count, session.now()), incident: false })
  const found = async (session: Session, { records }: SubmitRecordsInput): Promise<FoundRecord[]> => await family.find(session.open(), { issuer: samples.issuer, records: records.map(({ reference }) => reference) })
  const names = (of: readonly RecordReference[]): string[] => of.map(({ number, date }) => `${number} ${date}`).sort()
  const drafts: Draft[] = [{
    promise: 'records',
    name: 'what is sent is taken, one outcome for each, with the wait that follows',
    because: 'the next sending may not come sooner',
    async keep (session) {
      const input = made(session, 3)
      const { outcomes, waitSeconds, receipt } = await family.submit(session.open(), input)
      same(outcomes.map(({ status }) => status), ['accepted', 'accepted', 'accepted'], 'outcomes in the order of the records')
      check(Number.isInteger(waitSeconds) && waitSeconds >= 0, 'waitSeconds is no number of seconds')
      check(receipt, 'there is no receipt')
      const known = await found(session, input)
      same(names(known), names(input.records.map(({ reference }) => reference)), 'find() gives those that were taken')
      check(known.every(({ huella, status }) => huella !== '' && status === 'accepted'), 'find() tells the huella and the state of each')
    }
  }, {
    promise: 'records',
    name: 'one that is refused leaves the others as they are',
    because: 'a mistake in one invoice holds up no other',
    async keep (session) {
      const input = made(session, 2)
      const bad = samples.refused(session, session.id('rec').slice(-12), session.now())
      const { outcomes } = await family.submit(session.open(), { ...input, records: [input.records[0]!, bad, input.records[1]!] })
      same(outcomes.map(({ status }) => status), ['accepted', 'rejected', 'accepted'], 'outcomes in the order of the records')
      check(outcomes[1]!.code, 'a refusal has no code')
      same(await family.find(session.open(), { issuer: samples.issuer, records: [bad.reference] }), [], 'find() of one that was refused')
    }
  }, {
    promise: 'records',
    name: 'a repetition is told as one, and is kept once',
    because: 'a lost answer must not make two records of one invoice',
    async keep (session) {
      const input = made(session, 1)
      await family.submit(session.open(), input)
      const { outcomes } = await family.submit(session.open(), { ...input, idempotencyKey: session.key() })
      same(outcomes.map(({ status, duplicate }) => [status, duplicate]), [['rejected', true]], 'the second time')
      same(session.simulator.effects(input.records[0]!.reference.number).stamps, 1, 'records kept')
    }
  }, {
    promise: 'records',
    name: 'what the authority does not have is not found',
    because: 'not found is what lets a record be sent again',
    async keep (session) {
      same(await found(session, made(session, 2)), [], 'find() of what was never sent')
    }
  }]
  for (const kind of ['refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before'] as const) {
    const acted = !['refuse_connection', 'cut_before', 'error_500_before'].includes(kind)
    drafts.push({
      promise: 'faults',
      name: `submit_records: ${kind} is never taken for a refusal, and can be asked about`,
      because: 'records that were taken would be sent again, or records that were not would be forgotten',
      async keep (session) {
        const input = made(session, 2)
        const context = session.open()
        session.simulator.inject({ kind })
        const error = await refusal(family.submit(context, input), `submit() while ${kind}`)
        reached(error, kind === 'refuse_connection' ? ['nowhere', 'unknown'] : ['unknown'], 'nobody knows')
        session.simulator.clearFaults()
        same((await found(session, input)).length, acted ? 2 : 0, 'find() tells what really happened')
      }
    })
  }
  return drafts
}
