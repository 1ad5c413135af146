import { Value } from 'typebox/value'
import type { ConnectionContext, ConnectionTest, Mode } from './context.ts'
import type { InvoicingFamily, RegisterFamily } from './invoicing.ts'
import { type Manifest, ManifestSchema, type OperationName } from './manifest.ts'
import { isCurrency } from './money.ts'
import type { OAuthFlow } from './oauth.ts'
import type { PaymentsFamily } from './payments.ts'
import type { RecordsFamily } from './records.ts'
import type { WebhookScheme } from './webhooks.ts'

/** One provider, in data and small functions. It keeps no state: everything it needs is an argument. */
export interface Adapter {
  manifest: Manifest
  /** What the shape of the credentials says of the mode; `undefined` where it says nothing; refused when they contradict each other. */
  detectMode: (credentials: Readonly<Record<string, string>>) => Mode | 'contradictory' | undefined
  /** A harmless call that proves the credentials. In live mode it only reads. */
  test: (context: ConnectionContext) => Promise<ConnectionTest>
  payments?: PaymentsFamily
  invoicing?: InvoicingFamily
  register?: RegisterFamily
  records?: RecordsFamily
  /** Described in the manifest's `oauth`. */
  oauth?: OAuthFlow
  /** Explicit either way: there is no unverified default. */
  webhooks: WebhookScheme | 'provider-has-none'
  /** Takes out of a transcript what must never be kept: secrets, tokens, personal data that the provider echoes. */
  scrub: (transcript: string, credentials: Readonly<Record<string, string>>) => string
}

const families = ['payments', 'invoicing', 'register', 'records'] as const
type Family = typeof families[number]

const methodOf: Record<Family, Record<string, OperationName>> = {
  payments: {
    createPayment: 'create_payment', getPayment: 'get_payment', findPayment: 'find_payment', confirmPayment: 'confirm_payment', completePayment: 'complete_payment',
    capture: 'capture', cancel: 'cancel', refund: 'refund', getRefund: 'get_refund', findRefund: 'find_refund', listTransactions: 'list_transactions',
    listPayments: 'list_payments', createCheckout: 'create_checkout', getCheckout: 'get_checkout', findCheckout: 'find_checkout', expireCheckout:
    'expire_checkout', getCheckoutOf: 'get_checkout_of', createPaymentLink: 'create_payment_link', getPaymentLink: 'get_payment_link', findPaymentLink: 'find_payment_link',
    expirePaymentLink: 'expire_payment_link', createCustomer: 'create_customer', updateCustomer: 'update_customer', findCustomer: 'find_customer',
    deleteCustomer: 'delete_customer', saveMethod: 'save_method', getSetup: 'get_setup', listMethods: 'list_methods', removeMethod: 'remove_method',
    createPlan: 'create_plan', findPlan: 'find_plan', createSubscription: 'create_subscription', getSubscription: 'get_subscription',
    findSubscription: 'find_subscription', updateSubscription: 'update_subscription', previewUpdate: 'preview_update', cancelSubscription:
    'cancel_subscription', pauseSubscription: 'pause_subscription', resumeSubscription: 'resume_subscription', listCycles: 'list_cycles', getDispute:
    'get_dispute', listDisputes: 'list_disputes', submitEvidence: 'submit_evidence', acceptDispute: 'accept_dispute'
  },
  invoicing: {
    issue: 'issue', get: 'get_document', find: 'find_document', validate: 'validate_document', cancel: 'cancel_document',
    getCancellation: 'get_cancellation', download: 'download', creditNote: 'credit_note', paymentReceipt: 'payment_receipt',
    selfInvoice: 'self_invoice', registerSale: 'register_sale', globalInvoice: 'global_invoice', status: 'account_status',
    uploadCertificate: 'upload_certificate', checkCustomer: 'check_customer'
  },
  register: { look: 'look_up_document' },
  records: { submit: 'submit_records', find: 'find_records' }
}

const writes = new Set<OperationName>(['create_payment', 'confirm_payment', 'complete_payment', 'capture', 'cancel', 'refund', 'register_webhook',
  'create_checkout', 'expire_checkout', 'create_payment_link', 'expire_payment_link', 'create_customer', 'update_customer', 'delete_customer', 'save_method', 'remove_method',
  'create_plan', 'create_subscription', 'update_subscription', 'cancel_subscription', 'pause_subscription', 'resume_subscription', 'submit_evidence', 'accept_dispute',
  'issue', 'cancel_document', 'credit_note', 'payment_receipt', 'self_invoice', 'register_sale', 'global_invoice', 'upload_certificate', 'submit_records', 'exchange_code', 'refresh_grant', 'revoke_grant'])

/** What a provider may know by our reference alone, so that the same again is the same. */
const madeOfOurs = new Set<OperationName>(['create_checkout', 'create_payment_link', 'create_customer', 'create_plan'])

/** What the adapter can do, asked of the adapter itself: a method that exists is the capability. */
export function capabilitiesOf (adapter: Adapter): OperationName[] {
  const found: OperationName[] = ['test']
  for (const family of families) {
    const methods = adapter[family] as Record<string, unknown> | undefined
    if (methods === undefined) continue
    for (const [method, operation] of Object.entries(methodOf[family])) {
      if (typeof methods[method] === 'function') found.push(operation)
    }
  }
  if (adapter.webhooks !== 'provider-has-none') {
    if (adapter.webhooks.register !== undefined) found.push('register_webhook')
    if (adapter.webhooks.unregister !== undefined) found.push('unregister_webhook')
    if (adapter.webhooks.provoke !== undefined) found.push('provoke_webhook')
  }
  if (adapter.oauth !== undefined) {
    found.push('exchange_code', 'prove_grant')
    if (adapter.oauth.refresh !== undefined) found.push('refresh_grant')
    if (adapter.oauth.revoke !== undefined) found.push('revoke_grant')
  }
  return found
}

/** Thrown at start, never while serving: an adapter that breaks its contract is not loaded. */
export class AdapterContractError extends Error {
  override readonly name = 'AdapterContractError'
  readonly problems: readonly string[]

  constructor (id: string, problems: readonly string[]) {
    super(`adapter ${id}: ${problems.join('; ')}`)
    this.problems = problems
  }
}

/** Checks what types cannot say, names every problem at once, and gives the adapter back. Throws AdapterContractError. */
export function defineAdapter<const A extends Adapter> (adapter: A): A {
  const problems = contractProblems(adapter)
  if (problems.length > 0) throw new AdapterContractError(String(adapter?.manifest?.id), problems)
  return adapter
}

export function contractProblems (adapter: Adapter): string[] {
  const { manifest } = adapter
  if (!Value.Check(ManifestSchema, manifest)) {
    return [...Value.Errors(ManifestSchema, manifest)].map(error => `manifest${error.instancePath}: ${error.message}`)
  }
  const problems: string[] = []
  const owes = (truth: boolean, sentence: string) => { if (!truth) problems.push(sentence) }
  const capabilities = capabilitiesOf(adapter)
  for (const family of families) {
    owes(manifest.families.includes(family) === (adapter[family] !== undefined), `families and the ${family} object disagree`)
  }
  for (const operation of capabilities) {
    if (writes.has(operation)) owes(manifest.retry_safety[operation] !== undefined, `retry_safety says nothing of ${operation}`)
  }
  for (const [operation, safety] of Object.entries(manifest.retry_safety)) {
    owes(capabilities.includes(operation as OperationName), `retry_safety names ${operation}, which does not exist`)
    owes(safety !== 'idempotency-key' || manifest.idempotency_window_ms > 0, `${operation} relies on a key, but idempotency_window_ms is 0`)
  }
  const needs = (operation: OperationName, finder: OperationName) => {
    const safety = manifest.retry_safety[operation]
    // What is the same whenever it is asked for needs nobody to find it; money is looked for all the same.
    const tellsItself = safety === 'natural-key' && madeOfOurs.has(operation)
    owes(safety === undefined || safety === 'never' || tellsItself || capabilities.includes(finder), `${operation} can be lost, so ${finder} is owed`)
  }
  needs('create_payment', 'find_payment')
  needs('complete_payment', 'get_payment')
  needs('refund', 'find_refund')
  needs('create_checkout', 'find_checkout')
  needs('create_payment_link', 'find_payment_link')
  owes(manifest.collects === undefined || (capabilities.includes('create_checkout') && capabilities.includes('get_checkout_of')), 'collects is declared, so create_checkout and get_checkout_of are owed')
  needs('create_customer', 'find_customer')
  needs('create_plan', 'find_plan')
  needs('create_subscription', 'find_subscription')
  needs('submit_records', 'find_records')
  owes(manifest.retry_safety.issue !== 'query-first' || capabilities.includes('find_document'), 'issue is repeated only after asking, so find_document is owed')
  for (const name of manifest.credentials.required) owes(name in manifest.credentials.properties, `required credential ${name} is not a field`)
  for (const [name, field] of Object.entries(manifest.credentials.properties)) {
    if (field.pattern !== undefined) owes(compiles(field.pattern), `pattern of ${name} is not a regular expression`)
  }
  for (const [name, setting] of Object.entries(manifest.settings.properties)) {
    if (setting.pattern !== undefined) owes(compiles(setting.pattern) && new RegExp(setting.pattern, 'u').test(String(setting.default)), `pattern of the setting ${name} is not one, or refuses its default`)
  }
  if (manifest.webhooks !== null) {
    owes(manifest.webhooks.secret in manifest.credentials.properties, 'webhooks.secret is not a credential')
    owes(adapter.webhooks !== 'provider-has-none', 'webhooks are declared but not verified')
  } else {
    owes(adapter.webhooks === 'provider-has-none', 'webhooks are verified but not declared')
  }
  owes((manifest.oauth === undefined) === (adapter.oauth === undefined), 'the manifest and the oauth object disagree')
  if (manifest.oauth !== undefined) {
    const { app, refresh_ahead_ms: ahead } = manifest.oauth
    for (const name of app.required) owes(name in app.properties, `required field ${name} of the application is not a field`)
    for (const name of ['client_id', 'client_secret']) owes(app.required.includes(name), `oauth.app must require ${name}`)
    for (const [name, { pattern }] of Object.entries(app.properties)) if (pattern !== undefined) owes(compiles(pattern), `pattern of ${name} of the application is not a regular expression`)
    owes((ahead > 0) === (adapter.oauth?.refresh !== undefined), 'refresh_ahead_ms and oauth.refresh disagree')
  }
  for (const currency of [...manifest.currencies, ...Object.keys(manifest.amounts)]) owes(isCurrency(currency), `${currency} is not a currency`)
  for (const mode of manifest.modes) owes('api' in manifest.base_urls[mode] || manifest.own_bank === true, `base_urls.${mode} has no api`)
  owes(typeof adapter.scrub === 'function', 'scrub is missing')
  owes(typeof adapter.test === 'function', 'test is missing')
  return problems
}

function compiles (pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}
