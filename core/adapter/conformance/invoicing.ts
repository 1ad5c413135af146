import type { ConnectionContext } from '../context.ts'
import type { DocumentLookup, DocumentSnapshot, InvoicingFamily, IssueInput } from '../invoicing.ts'
import type { OperationName } from '../manifest.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import type { InvoicingSamples } from './harness.ts'
import { repeatPromises, type WriteKind } from './repeats.ts'
import type { Opened, Session } from './session.ts'

const minuteMs = 60_000
const statuses = ['submitted', 'issued', 'rejected', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected']
/** A cancellation that is asked for; some need the customer to accept. */
const canceling = ['cancel_requested', 'cancel_pending_acceptance', 'canceled']

type Issued = DocumentSnapshot & { fiscalId: string }

export interface Issuer {
  family: InvoicingFamily
  samples: InvoicingSamples
  input: (session: Session, n?: number) => IssueInput
  issued: (session: Session, context: Opened) => Promise<{ input: IssueInput, document: Issued }>
  lookup: (session: Session, input: IssueInput) => DocumentLookup
  booked: (input: IssueInput) => string
}

let serial = 0

export function issuer ({ harness }: Plan): Issuer {
  const { invoicing: family } = harness.adapter
  const samples = harness.invoicing
  if (family === undefined || samples === undefined) throw new Error('issuer() is for invoicing')
  const input: Issuer['input'] = (session, n = ++serial) => ({ ...samples.document(n), idempotencyKey: session.key(), reference: session.id('inv') }) as IssueInput
  return {
    family,
    samples,
    input,
    async issued (session, context) {
      const asked = input(session)
      const document = await family.issue(context, asked)
      check(document.status === 'issued' || document.status === 'submitted', `a good document ends as ${document.status} (${document.providerStatus}): ${shown(document.messages)}`)
      check(document.status === 'issued' || family.get !== undefined, 'a document is submitted, and nobody can be asked what became of it')
      const final = document.status === 'submitted' ? await family.get!(context, document.providerReference) : document
      check(final.fiscalId, `an issued document has no fiscalId: ${shown(final)}`)
      return { input: asked, document: { ...final, fiscalId: final.fiscalId } }
    },
    lookup: ({ now }, { reference, naturalKey, sealed }) => ({ reference, naturalKey, ...(sealed !== undefined && { sealed }), from: new Date(now().getTime() - minuteMs), to: new Date(now().getTime() + minuteMs) }),
    booked: samples.booked ?? (({ reference }) => reference)
  }
}

/** Every declared capability of the invoicing family: a document is stamped once, and found again. */
export function invoicingPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, samples, input, issued, lookup, booked } = issuer(plan)
  const { harness } = plan
  const { find, get, getCancellation } = family
  // Of a cancellation. Where the provider cannot be asked at all, only the authority tells.
  const truthOf = getCancellation === undefined
    ? get && (async (context: ConnectionContext, { providerReference }: Issued) => await get(context, providerReference))
    : async (context: ConnectionContext, { providerReference, fiscalId }: Issued) => await getCancellation(context, providerReference, { fiscalId, ...samples.register })
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'invoicing', name, because, keep })
  const stamps = (session: Session, asked: IssueInput) => session.simulator.effects(booked(asked)).stamps

  promise(`it takes what it says that it takes: ${family.seals === 'hub' ? 'the sealed document' : 'the model'}`, 'who seals decides where the private key is', async session => {
    const asked = input(session)
    check(family.seals === 'hub' ? asked.sealed !== undefined : asked.model !== undefined, `seals is '${family.seals}', but the harness gives ${asked.sealed === undefined ? 'a model' : 'a sealed document'}`)
  })
  promise('a document is issued, and told the same way again', 'its fiscal id is what the law knows', async session => {
    const context = session.open()
    const { input: asked, document } = await issued(session, context)
    check(statuses.includes(document.status) && document.providerStatus, `${shown(document.status)} (${shown(document.providerStatus)}) is not a status of ours beside the provider's`)
    check(document.reference === undefined || document.reference === asked.reference, `the reference comes back as ${shown(document.reference)}`)
    same(stamps(session, asked), 1, "stamps in the provider's books")
    if (get === undefined) return
    const read = await get(context, document.providerReference)
    same([read.providerReference, read.fiscalId], [document.providerReference, document.fiscalId], 'get tells the same')
    if (document.document !== undefined && read.document !== undefined) check(Buffer.from(read.document).equals(Buffer.from(document.document)), 'the signed document comes back with other bytes, which breaks its signature')
  })
  if (find !== undefined) {
    promise('a document is found by its natural key, and only that one', 'after a cut socket that is all we have', async session => {
      const context = session.open()
      await issued(session, context)
      const { input: asked, document } = await issued(session, context)
      await issued(session, context)
      same((await find(context, lookup(session, asked)))?.fiscalId, document.fiscalId, 'the document found')
      same(await find(context, lookup(session, input(session))), undefined, 'one that was never issued')
    })
  }
  if (!['query-first', 'never'].includes(plan.harness.adapter.manifest.retry_safety.issue ?? '')) {
    promise('the same natural key again is the same document', 'a number that is stamped twice is a tax problem', async session => {
      const context = session.open()
      const { input: asked, document } = await issued(session, context)
      const again = await family.issue(context, { ...asked, idempotencyKey: session.key() }).catch((error: unknown) => refusal(Promise.reject(error), 'the repetition'))
      if (again instanceof Error) reached(again, ['answered'], 'the repetition is refused')
      else same(again.fiscalId, document.fiscalId, 'fiscalId of the repetition')
      same(stamps(session, asked), 1, "stamps in the provider's books")
    })
  }
  if (get !== undefined) {
    promise('a document that does not exist is not_found', 'the resolver must be able to believe it', async session => {
      const context = session.open()
      const { document } = await issued(session, context)
      const error = await refusal(get(context, document.providerReference.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, last => last === '1' ? '2' : '1')), 'get of an unknown id')
      reached(error, ['answered'], 'the provider answered')
      same(error.code, 'not_found', 'code')
    })
  }
  const { rejected } = samples
  if (rejected !== undefined) {
    promise('a document that the authority rejects is an answer with its findings', 'the tenant corrects what they name', async session => {
      const context = session.open()
      const asked = { ...rejected(++serial), idempotencyKey: session.key(), reference: session.id('inv') } as IssueInput
      const answer = await family.issue(context, asked)
      same(answer.status, 'rejected', 'status')
      check(answer.messages.length > 0 && answer.messages.every(({ code, message }) => code !== '' && message !== ''), `its findings are ${shown(answer.messages)}`)
      same(stamps(session, asked), 0, "stamps in the provider's books")
    })
  }
  if (capabilities.has('validate_document')) {
    promise('to validate stamps nothing', 'it is asked while someone is still typing', async session => {
      const context = session.open()
      const asked = input(session)
      same(await family.validate?.(context, asked), [], 'findings of a good document')
      same(stamps(session, asked), 0, "stamps in the provider's books")
    })
  }
  if (capabilities.has('download')) {
    promise('the document is downloaded as it was signed', 'its bytes are the evidence', async session => {
      const context = session.open()
      const { document } = await issued(session, context)
      const xml = await family.download!(context, document.providerReference, 'xml')
      check(xml.length > 0, 'the download is empty')
      if (document.document !== undefined) check(Buffer.from(xml).equals(Buffer.from(document.document)), 'the download has other bytes than the answer')
    })
  }
  if (capabilities.has('cancel_document')) {
    promise('a document is canceled, or on its way to it', 'some cancellations wait for the customer', async session => {
      const context = session.open()
      const { input: asked, document } = await issued(session, context)
      const canceled = await cancel(session, context, asked, document)
      check(canceling.includes(canceled.status), `after the cancellation it is ${canceled.status} (${canceled.providerStatus})`)
      same(session.simulator.effects(booked(asked)).cancellations, 1, "cancellations in the provider's books")
      const read = await truthOf?.(context, document)
      check(read === undefined || canceling.includes(read.status), `read back it is ${read?.status}`)
    })
  }
  const { certificate, customer, selfInvoice } = samples
  if (capabilities.has('upload_certificate')) {
    promise('a certificate is put on file, again too, and a wrong passphrase is refused', 'with it the provider signs in the name of the tenant', async session => {
      check(certificate, 'harness.invoicing.certificate is missing')
      const context = session.open()
      const upload = async (changes: object = {}) => await family.uploadCertificate!(context, { ...certificate, idempotencyKey: session.key(), ...changes })
      await upload()
      await upload()
      const error = await refusal(upload({ passphrase: 'another-passphrase' }), 'the upload with a wrong passphrase')
      reached(error, ['answered'], 'the provider looked at it')
      await issued(session, context)
      const secrets = [certificate.passphrase, Buffer.from(certificate.key).toString('base64')]
      for (const exchange of context.exchanges) {
        const scrubbed = harness.adapter.scrub(`${String(exchange.requestBody ?? '')}\n${Buffer.from(exchange.responseBody ?? []).toString()}`, context.credentials)
        for (const secret of secrets) check(!scrubbed.includes(secret), 'what is kept of the exchange holds the key or its passphrase')
      }
    })
  }
  if (capabilities.has('check_customer')) {
    promise('a customer is checked against the authority’s list', 'a wrong name is the usual reason of a rejection', async session => {
      check(customer, 'harness.invoicing.customer is missing')
      const context = session.open()
      same((await family.checkCustomer!(context, customer.right)).ok, true, 'one that is right')
      same((await family.checkCustomer!(context, customer.wrong)).ok, false, 'one that is wrong')
    })
  }
  if (capabilities.has('self_invoice')) {
    promise('a customer is given one place to invoice itself, whatever is lost on the way', 'two links are two invoices of one sale', async session => {
      check(selfInvoice, 'harness.invoicing.selfInvoice is missing')
      const context = session.open()
      const ask = (reference: string) => family.selfInvoice!(context, { idempotencyKey: session.key(), reference, model: selfInvoice.model(++serial) })
      const reference = session.id('inv')
      const first = await ask(reference)
      check(/^https?:\/\//.test(first.url), `its address is ${shown(first.url)}`)
      check(first.expiresAt === undefined || first.expiresAt.getTime() > session.now().getTime(), 'it is over already')
      same((await ask(reference)).url, first.url, 'asked again')
      check((await ask(session.id('inv'))).url !== first.url, 'another sale has the same address')
      for (const kind of ['cut_after', 'cut_before', 'garbage'] as const) {
        const lost = session.id('inv')
        session.simulator.inject({ kind, method: 'POST' })
        reached(await refusal(ask(lost), kind), ['unknown'], kind)
        session.simulator.clearFaults()
        await ask(lost)
        same(selfInvoice.made(lost, session.simulator), 1, `${kind}: links in the provider's books`)
      }
      same(selfInvoice.made(reference, session.simulator), 1, "links in the provider's books")
    })
  }
  if (capabilities.has('account_status')) {
    promise('the account tells what is left', 'stamps run out on the busiest day', async session => {
      const left = await family.status!(session.open())
      check(left.stampsLeft === undefined || Number.isSafeInteger(left.stampsLeft), `stampsLeft is ${shown(left.stampsLeft)}`)
    })
  }

  const { manifest } = plan.harness.adapter
  const reads = plan.harness.reads ?? (({ method }) => ['GET', 'HEAD'].includes(method))
  const kind = (operation: OperationName, counts: WriteKind['counts'], prepare: WriteKind['prepare']) =>
    capabilities.has(operation) ? repeatPromises({ operation, counts, prepare, reads, safety: manifest.retry_safety[operation] }) : []
  drafts.push(
    ...kind('issue', 'stamps', async (session, context) => {
      const asked = input(session)
      return {
        context,
        send: () => family.issue(context, asked),
        ...(find !== undefined && { lookup: () => find(context, lookup(session, asked)) }),
        happened: () => session.simulator.effects(booked(asked)).stamps
      }
    }),
    ...kind('cancel_document', 'cancellations', async (session, context) => {
      const { input: asked, document } = await issued(session, context)
      const key = session.key()
      return {
        context,
        send: () => cancel(session, context, asked, document, key),
        ...(truthOf !== undefined && {
          async lookup () {
            const truth = await truthOf(context, document)
            return canceling.includes(truth.status) ? truth : undefined
          }
        }),
        happened: () => session.simulator.effects(booked(asked)).cancellations
      }
    })
  )
  return drafts

  async function cancel (session: Session, context: ConnectionContext, { reference }: IssueInput, { providerReference, fiscalId }: Issued, idempotencyKey = session.key()): Promise<DocumentSnapshot> {
    const { motive, sealed } = samples.cancellation
    return await family.cancel!(context, { idempotencyKey, reference, providerReference, fiscalId, ...samples.register, motive, ...(sealed !== undefined && { sealed: await sealed(fiscalId) }) })
  }
}
