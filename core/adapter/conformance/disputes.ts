import type { ConnectionContext } from '../context.ts'
import { disputeReasons, type DisputeSnapshot, disputeStatuses } from '../disputes.ts'
import { check, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { everyPage } from './found.ts'
import { payer } from './payer.ts'
import type { Opened, Session } from './session.ts'

const answerable = ['needs_response', 'warning_needs_response']
const minuteMs = 60_000

/** Money that the payer's bank took back, and what can be said against it. Tried only where the harness can open one. */
export function disputePromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, samples, paid } = payer(plan)
  const { open, method } = samples.dispute ?? {}
  const drafts: Draft[] = []
  if (open === undefined || !capabilities.has('get_dispute')) return drafts
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'disputes', name, because, keep })

  const disputed = async (session: Session, context: Opened) => {
    const { input, payment } = await paid(session, context, method === undefined ? {} : { method })
    const id = await open(payment, session.simulator, context)
    return { input, payment, id, dispute: await family.getDispute!(context, id) }
  }
  const about = (dispute: DisputeSnapshot, payment: { providerReference: string, reference?: string }, reference: string) => {
    same(dispute.paymentProviderReference, payment.providerReference, 'the payment that it is about')
    check(dispute.reference === undefined || dispute.reference === reference, `it says that its payment is ${shown(dispute.reference)}`)
    check(disputeStatuses.includes(dispute.status) && dispute.providerStatus, `${shown(dispute.status)} (${shown(dispute.providerStatus)}) is not a status of ours beside the provider's`)
    check(disputeReasons.includes(dispute.reason), `${shown(dispute.reason)} is not a reason of ours`)
  }
  const read = (context: ConnectionContext, id: string) => family.getDispute!(context, id)

  promise('a dispute tells its payment, its amount, why, and until when it is answered', 'after that day the money is gone', async session => {
    const context = session.open()
    const { input, payment, dispute } = await disputed(session, context)
    about(dispute, payment, input.reference)
    same(dispute.amount, { ...input.amount }, 'amount')
    check(answerable.includes(dispute.status), `a fresh dispute is ${dispute.status}`)
    check(dispute.evidenceDueBy !== undefined && dispute.evidenceDueBy > session.now(), `it is answered until ${shown(dispute.evidenceDueBy)}`)
    check(dispute.evidenceSubmitted !== true, 'nobody answered it yet')
    const after = await family.getPayment(context, payment.providerReference)
    check(after.disputed !== false, 'the payment says that it is not disputed')
  })
  if (capabilities.has('list_disputes')) {
    promise('a dispute is listed, once', 'the webhook may be lost, and the day passes', async session => {
      const context = session.open()
      const { id } = await disputed(session, context)
      const range = { from: new Date(session.now().getTime() - minuteMs), to: new Date(session.now().getTime() + minuteMs) }
      const listed = await everyPage(cursor => family.listDisputes!(context, { ...range, cursor }))
      same(listed.filter(({ providerReference }) => providerReference === id).length, 1, `how often ${id} is listed`)
      const before = { from: new Date(session.now().getTime() - 60 * minuteMs), to: new Date(session.now().getTime() - 30 * minuteMs) }
      same(await everyPage(cursor => family.listDisputes!(context, { ...before, cursor })), [], 'disputes of half an hour ago')
    })
  }
  if (capabilities.has('submit_evidence')) {
    promise('evidence is kept as a draft until it is sent, and then it is sent', 'it is taken only once', async session => {
      const context = session.open()
      const { input, id } = await disputed(session, context)
      const send = (submit: boolean) => family.submitEvidence!(context, {
        idempotencyKey: session.key(), providerReference: id, reference: input.reference, evidence: { productDescription: 'Dos sillas', shippingTrackingNumber: 'MX123456789', explanation: 'Entregado el lunes.' }, submit
      })
      const draft = await send(false)
      check(answerable.includes(draft.status) && draft.evidenceSubmitted !== true, `a draft is told as ${shown(draft)}`)
      const sent = await send(true)
      check(!answerable.includes(sent.status), `after the evidence was sent it is ${sent.status}`)
      check(sent.evidenceSubmitted !== false, 'it says that nothing was sent')
      same((await read(context, id)).status, sent.status, 'read back')
    })
  }
  if (capabilities.has('accept_dispute')) {
    promise('a dispute that is given up is over, also when it is given up again', 'no more work goes into it', async session => {
      const context = session.open()
      const { input, id } = await disputed(session, context)
      const accept = (idempotencyKey = session.key()) => family.acceptDispute!(context, { idempotencyKey, providerReference: id, reference: input.reference })
      for (const told of [await accept(), await accept(), await read(context, id)]) check(['accepted', 'lost', 'warning_closed'].includes(told.status), `it is ${told.status}`)
    })
  }
  return drafts
}
