import t from 'tap'
import fc from 'fast-check'
import { hasDocument, type SaleDocument, saleDocuments, type SaleFact, statusOf, transition } from './machine.ts'

const facts: SaleFact[] = ['link_made', 'to_global', 'invoice_asked', 'invoice_issued', 'invoice_rejected', 'invoice_canceled', 'taken', 'freed', 'kept', 'made_elsewhere']

/** Where each fact leads from each document; what is not here says nothing of one that stands so. */
const table: Record<string, string> = {
  'undecided link_made': 'link', 'undecided to_global': 'global_pending', 'undecided invoice_asked': 'invoicing', 'undecided made_elsewhere': 'elsewhere', 'undecided invoice_rejected': 'correcting',
  'link link_made': 'link', 'link to_global': 'global_pending', 'link invoice_asked': 'invoicing', 'link made_elsewhere': 'elsewhere',
  'invoicing invoice_issued': 'invoiced', 'invoicing invoice_rejected': 'correcting', 'invoicing invoice_canceled': 'undecided',
  'correcting link_made': 'correcting', 'correcting to_global': 'global_pending', 'correcting invoice_asked': 'invoicing', 'correcting invoice_issued': 'invoiced',
  'invoiced invoice_canceled': 'undecided',
  'global_pending link_made': 'link', 'global_pending invoice_asked': 'invoicing', 'global_pending taken': 'in_global', 'global_pending made_elsewhere': 'elsewhere',
  'in_global link_made': 'in_global', 'in_global invoice_asked': 'leaving_global', 'in_global freed': 'global_pending',
  'leaving_global freed': 'invoicing', 'leaving_global kept': 'in_global'
}

t.test('every fact from every document', async t => {
  for (const document of saleDocuments) for (const fact of facts) t.equal(transition(document, fact), table[`${document} ${fact}`], `${document} ${fact}`)
})

t.test('whatever happens in whatever order: one document at a time, and none is lost but by its own cancellation', async t => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...facts), { maxLength: 40 }), order => {
    let document: SaleDocument = 'undecided'
    for (const fact of order) {
      const next = transition(document, fact)
      if (next === undefined) continue
      // A second document begins only when the first is gone.
      if (hasDocument(document) && !hasDocument(next) && fact !== 'invoice_canceled' && fact !== 'freed') return false
      if (document === 'invoiced' && next !== 'undecided') return false
      document = next
    }
    return true
  }))
  t.pass('40 facts')
})

t.test('money and document in one word', async t => {
  const of = (document: SaleDocument, more: object = {}) => statusOf({ paid: true, canceled: false, refundedAll: false, document, ...more })
  t.same(saleDocuments.map(document => of(document)), ['paid', 'paid_invoice_pending', 'paid_invoice_pending', 'paid_invoice_pending', 'paid_invoiced', 'paid_global_pending', 'paid_in_global', 'paid_invoice_pending', 'paid_invoiced_elsewhere'])
  t.equal(of('invoiced', { refundedAll: true }), 'refunded')
  t.equal(of('undecided', { paid: false }), 'pending')
  t.equal(of('undecided', { paid: false, canceled: true }), 'canceled')
})
