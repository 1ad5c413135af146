import { timeFor } from './agenda.ts'
import { invalid, missing } from './errors.ts'
import { emit } from './events.ts'
import { activated, methodData, methodFromData, notActivated, useMethod, type MethodData } from './methods.ts'
import type { Metadata, MethodRecord, MethodType, Owner, SetupRecord } from './objects.ts'
import { anything, boolean, created, expand, listOf, mergeMetadata, metadata, object, oneOf, openObject, paging, text, url, type Values } from './params.ts'
import { byVersion, forBrowsers, route } from './routing.ts'
import { cancelSetup, confirmSetup } from './setup-machine.ts'
import { named, page } from './shelf.ts'
import { allowedTypesSince, since } from './versions.ts'
import type { Call } from './world.ts'

const types = listOf(text())
const common = { customer: text(), description: text(), expand, metadata, payment_method: text(), payment_method_data: methodData, payment_method_options: openObject }
const creating = {
  ...common,
  automatic_payment_methods: object({ enabled: boolean, allow_redirects: oneOf('always', 'never') }),
  confirm: boolean,
  mandate_data: anything,
  payment_method_configuration: text(),
  return_url: url,
  usage: oneOf('off_session', 'on_session'),
  use_stripe_sdk: boolean
}
const confirming = { client_secret: text(), expand, mandate_data: anything, payment_method: text(), payment_method_data: methodData, payment_method_options: openObject, return_url: url, use_stripe_sdk: boolean }

type Types = { payment_method_types?: string[], allowed_payment_method_types?: string[] }
const createParams = byVersion<Values<typeof creating> & Types>(object({ ...creating, payment_method_types: types }), object({ ...creating, allowed_payment_method_types: types }))
const updateParams = byVersion<Values<typeof common> & Types>(object({ ...common, payment_method_types: types }), object({ ...common, allowed_payment_method_types: types }))

export const setupIntentRoutes = [
  route('POST', '/v1/setup_intents', createParams, (call, params) => {
    if (params.customer !== undefined) named(call.books.customers, params.customer, 'customer', 'customer')
    const method = chosen(call, params)
    const setup = newSetup(call, {
      customer: params.customer ?? null,
      description: params.description ?? null,
      metadata: params.metadata ?? {},
      method,
      types: params.payment_method_types ?? params.allowed_payment_method_types,
      usage: params.usage ?? 'off_session'
    })
    setup.returnUrl = params.return_url ?? null
    if (params.confirm === true) confirmSetup(call, setup, method)
    return { ...setup.wire }
  }, (call, params) => {
    if (params.confirm !== true && params.return_url !== undefined) throw invalid('You may only set `return_url` on a SetupIntent when `confirm` is true.', { code: 'parameter_invalid', param: 'return_url' })
    for (const type of params.payment_method_types ?? params.allowed_payment_method_types ?? []) {
      const name = since(call.version, allowedTypesSince) ? 'allowed_payment_method_types' : 'payment_method_types'
      if (!activated(call).includes(type as MethodType)) throw notActivated(type, name)
      if (type !== 'card') throw invalid(`The payment method type ${type} cannot be set up for later use.`, { param: name })
    }
  }),
  route('GET', '/v1/setup_intents', object({ ...paging, created, customer: text(), payment_method: text() }), ({ books }, params) =>
    page(books.setupIntents, params, '/v1/setup_intents', 'setupintent', each => each.wire, ({ wire }) =>
      (params.customer === undefined || wire.customer === params.customer) && (params.payment_method === undefined || wire.payment_method === params.payment_method))),
  forBrowsers(route('GET', '/v1/setup_intents/:id', object({ client_secret: text(), expand }), (call, params, { id }) => {
    const { wire } = find(call, id!)
    checkSecret(wire.client_secret, params.client_secret)
    return wire
  }), 'with_secret'),
  route('POST', '/v1/setup_intents/:id', updateParams, (call, params, { id }) => {
    const setup = find(call, id!)
    const { wire } = setup
    if (params.customer !== undefined) wire.customer = named(call.books.customers, params.customer, 'customer', 'customer').id
    const method = chosen(call, params)
    if (method !== undefined) {
      wire.payment_method = method.id
      wire.status = 'requires_confirmation'
      setup.authenticated = false
    }
    if (params.description !== undefined) wire.description = params.description
    wire.metadata = mergeMetadata(wire.metadata, params.metadata)
    return { ...wire }
  }),
  forBrowsers(route('POST', '/v1/setup_intents/:id/confirm', object(confirming), (call, params, { id }) => {
    const setup = find(call, id!)
    checkSecret(setup.wire.client_secret, params.client_secret)
    const method = chosen(call, params) ?? call.books.paymentMethods.get(setup.wire.payment_method ?? '')
    if (params.return_url !== undefined) setup.returnUrl = params.return_url
    confirmSetup(call, setup, method)
    return { ...setup.wire }
  }), 'with_secret'),
  route('POST', '/v1/setup_intents/:id/cancel', object({ cancellation_reason: oneOf('abandoned', 'duplicate', 'requested_by_customer'), expand }), (call, params, { id }) => {
    const setup = find(call, id!)
    cancelSetup(call, setup, params.cancellation_reason ?? null)
    return { ...setup.wire }
  })
]

interface NewSetup {
  customer: string | null
  description: string | null
  metadata: Metadata
  method?: MethodRecord
  types?: string[]
  usage: 'off_session' | 'on_session'
  owner?: Owner
}

export function newSetup (call: Call, asked: NewSetup): SetupRecord {
  const { world, books } = call
  const id = world.id('seti_1')
  const created = timeFor(call, asked.customer)
  const automatic = asked.types === undefined
  const setup: SetupRecord = {
    id,
    created,
    wire: {
      id,
      object: 'setup_intent',
      allowed_payment_method_types: asked.types ?? null,
      application: null,
      automatic_payment_methods: automatic ? { allow_redirects: 'always', enabled: true } : null,
      cancellation_reason: null,
      client_secret: `${id}_secret_${world.id('', 25)}`,
      created,
      customer: asked.customer,
      customer_account: null,
      description: asked.description,
      excluded_payment_method_types: null,
      flow_directions: null,
      last_setup_error: null,
      latest_attempt: null,
      livemode: books.livemode,
      managed_payments: null,
      mandate: null,
      metadata: asked.metadata,
      next_action: null,
      on_behalf_of: null,
      payment_method: asked.method?.id ?? null,
      payment_method_configuration_details: automatic ? { id: `pmc_1${books.account.slice(5)}`, parent: null } : null,
      payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' } },
      payment_method_types: asked.types ?? ['card'],
      single_use_mandate: null,
      status: asked.method === undefined ? 'requires_payment_method' : 'requires_confirmation',
      usage: asked.usage
    },
    returnUrl: null,
    attempt: null,
    authenticated: false,
    owner: asked.owner ?? null
  }
  books.setupIntents.add(setup)
  emit(call, 'setup_intent.created', { ...setup.wire })
  return setup
}

function find ({ books }: Call, id: string): SetupRecord {
  const found = books.setupIntents.get(id)
  if (found === undefined) throw missing('setupintent', id, 'intent')
  return found
}

function chosen (call: Call, params: { payment_method?: string, payment_method_data?: MethodData }): MethodRecord | undefined {
  if (params.payment_method_data !== undefined) return methodFromData(call, params.payment_method_data)
  return params.payment_method === undefined ? undefined : useMethod(call, params.payment_method, 'payment_method')
}

function checkSecret (known: string, given: string | undefined): void {
  if (given !== undefined && given !== known) throw invalid('The client_secret provided does not match the client_secret associated with the SetupIntent.', { code: 'setup_intent_invalid_parameter', param: 'client_secret' })
}
