import { type ConnectionContext, type CustomerSnapshot, type PaymentsFamily, ProviderError, type ProviderProblem, type SavedMethodSnapshot } from '../../index.ts'
import type { ToyClient } from './client.ts'
import { toyManifest } from './manifest.ts'
import type { WireCustomer, WireMethod } from './wire.ts'

const states = { kept: 'active', asks: 'requires_action', refused: 'failed' } as const

export function toyCustomers ({ bug, call, first }: ToyClient) {
  const customerOf = ({ id, reference, name, email }: WireCustomer): CustomerSnapshot => ({ providerReference: id, reference, name, email })

  function methodOf (method: WireMethod): SavedMethodSnapshot {
    const code = toyManifest.errors[method.error ?? ''] as ProviderProblem | undefined
    if (bug === 'refused_method_throws' && method.error !== undefined) throw new ProviderError({ code: code ?? 'card_declined', reached: 'answered', providerCode: method.error })
    return {
      providerReference: bug === 'keeps_token' ? method.token : method.id,
      status: bug === 'asks_nobody' && method.state === 'asks' ? 'active' : states[method.state],
      type: 'card',
      last4: method.last4,
      ...method.ask_url !== undefined && { nextAction: { type: 'redirect' as const, url: method.ask_url } },
      ...method.error !== undefined && { error: { code: code ?? 'card_declined', providerCode: method.error } },
      setupReference: method.id
    }
  }

  const gone = async (context: ConnectionContext, path: string, once: boolean) => {
    try {
      await call(context, 'DELETE', path)
    } catch (error) {
      if (once || !(error instanceof ProviderError && error.code === 'not_found')) throw error
    }
  }

  return {
    createCustomer: async (context, input) => customerOf(await call(context, 'POST', '/v1/customers', { name: input.name, email: input.email, reference: input.reference }, bug === 'customer_without_key' ? undefined : input.idempotencyKey) as WireCustomer),
    updateCustomer: async (context, input) => customerOf(await call(context, 'POST', `/v1/customers/${input.customerProviderReference}`, { name: input.name, email: bug === 'wipes_email' ? '' : input.email }, input.idempotencyKey) as WireCustomer),
    async findCustomer (context, { reference }) {
      const found = await first<WireCustomer>(context, '/v1/customers', bug === 'finds_any_customer' ? undefined : reference)
      return found && customerOf(found)
    },
    deleteCustomer: async (context, { customerProviderReference: id }) => await gone(context, `/v1/customers/${id}`, bug === 'forgets_once'),
    async saveMethod (context, input) {
      const save = async (key: string) => await call(context, 'POST', `/v1/customers/${input.customerProviderReference}/methods`, { token: input.token }, key) as WireMethod
      if (bug === 'method_twice') await save(`${input.idempotencyKey}-1`)
      return methodOf(await save(input.idempotencyKey))
    },
    getSetup: async (context, id) => methodOf(await call(context, 'GET', `/v1/methods/${id}`) as WireMethod),
    async listMethods (context, { customerProviderReference: id }) {
      const { data } = await call(context, 'GET', bug === 'lists_everyones' ? '/v1/methods' : `/v1/customers/${id}/methods`) as { data: WireMethod[] }
      return data.filter(({ state }) => state === 'kept').map(methodOf)
    },
    async removeMethod (context, { providerReference: id }) {
      if (bug !== 'removes_nothing') await gone(context, `/v1/methods/${id}`, false)
    }
  } satisfies Partial<PaymentsFamily>
}
