import type { Access } from '../access/principal.ts'
import type { LocalText } from '../adapter/context.ts'
import { isCurrency } from '../adapter/money.ts'
import type { KnownConnection } from '../connections/open.ts'
import type { Usable } from '../connections/usable.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { type CompiledRule, failedFields } from '../routing/engine.ts'
import { isOnlyNamed, type Refusal, refusalError, type Wanted, whyCannotTake } from './can-take.ts'
import { ofIssuer, type Route, routeIn, whyNotNamed } from './choose.ts'
import { asksForIssuer, issuerNamed } from './issuer.ts'
import type { Decide, Decision, NotChosenReason } from './schema.ts'

type DecideHub = Pick<Hub, 'adapters' | 'db' | 'usable'>

/** What a payment or an invoice would be sent to, and why nothing else: nothing is written, asked of a provider or claimed. */
export async function decideRouting (hub: DecideHub, access: Access, body: Decide): Promise<Decision> {
  if (body.currency !== undefined && !isCurrency(body.currency)) throw invalidField('currency', 'is not an ISO 4217 currency')
  const asked = wantedOf(access, body)
  const issuer = asksForIssuer(asked) ? await issuerNamed(hub.db, access.tenantId, access.mode, asked.issuer) : undefined
  // As its invoices will be: by its id and by its tax id.
  const wanted = issuer === undefined ? asked : { ...asked, issuer: issuer.names }
  const remembered = hub.usable.recall(access.tenantId, access.mode)
  let usable = remembered ?? await hub.usable.load(access.tenantId, access.mode)
  let route = routeIn(hub, usable, wanted, { dry: true })
  if ('refusal' in route && remembered !== undefined) {
    usable = await hub.usable.load(access.tenantId, access.mode)
    route = routeIn(hub, usable, wanted, { dry: true })
  }
  if (!('refusal' in route)) route = await ofIssuer(hub, access.tenantId, usable, wanted, route)
  const error = 'refusal' in route ? (wanted.connection === undefined ? undefined : await whyNotNamed(hub, access.tenantId, wanted.connection, wanted)) ?? refusalError(route.refusal) : undefined
  const chosen = 'refusal' in route ? undefined : route
  const most = { none: 0, some: 50, all: Infinity }[body.explain ?? 'some']
  const tried = chosen === undefined ? [] : [chosen.first, ...chosen.next].map(({ connection }) => connection)
  const rules = usable.rules.rules.filter(rule => rule.index < most || (most > 0 && rule === chosen?.rule))
  const others = usable.connections.filter(connection => connection !== tried[0])
  const why = explainer(hub, wanted, chosen)
  return {
    object: 'routing_decision',
    mode: access.mode,
    family: wanted.family,
    version: usable.rulesVersion,
    connection: tried[0] === undefined ? null : publicId('connection', tried[0].id),
    connections: tried.map(connection => ({ ...shown(connection), breaker: hub.usable.breaker(connection).state })),
    rule: chosen?.rule == null ? null : { index: chosen.rule.index, name: chosen.rule.rule.name },
    failover: chosen?.rule == null ? null : { on: [...chosen.rule.rule.failover.on] as NonNullable<Decision['failover']>['on'] },
    error: error === undefined ? null : shownError(error, access.language),
    rules: rules.map(rule => explainRule(rule, usable, wanted, chosen, why)),
    not_chosen: others.slice(0, most).map(connection => {
      const reason = why(connection)
      return { ...shown(connection), reason, message: reasons[reason][access.language] }
    }),
    left_out: most === 0 ? 0 : usable.rules.rules.length - rules.length + Math.max(0, others.length - most)
  }
}

function wantedOf ({ mode }: Access, body: Decide): Wanted {
  const { family = 'payments', method, customer, issuer, explain: _, ...given } = body
  return {
    ...given,
    family,
    mode,
    ...(method !== undefined && { method: typeof method === 'string' ? method : method.type }),
    ...(customer !== undefined && { customer: [customer.toLowerCase()] }),
    ...(issuer !== undefined && { issuer: [issuer] })
  }
}

type Explain = (connection: KnownConnection) => NotChosenReason

/** Why a connection is not the first one. */
function explainer (hub: DecideHub, wanted: Wanted, route: Route | undefined): Explain {
  const later = new Set(route?.next.map(({ connection }) => connection))
  const inRule = new Set(route?.rule?.connectionIds)
  return connection => {
    const adapter = hub.adapters.get(connection.provider)
    if (!connection.enabled) return 'disabled'
    const refusal = whyCannotTake(adapter, connection, wanted)
    if (refusal !== undefined) return reasonOf(refusal)
    if (wanted.connection !== undefined) return 'not_named'
    const open = hub.usable.breaker(connection).state === 'open'
    if (later.has(connection)) return open ? 'breaker_open' : 'later_in_order'
    if (route?.rule != null && !inRule.has(connection.id)) return 'not_in_rule'
    if (route?.rule == null && isOnlyNamed(adapter, wanted)) return 'own_bank'
    return open ? 'breaker_open' : 'older_first'
  }
}

function reasonOf ({ code }: Refusal): NotChosenReason {
  switch (code) {
    case 'currency_not_supported': return 'currency'
    case 'method_not_supported': return 'method'
    case 'amount_invalid': return 'amount'
    case 'provider_unknown': return 'provider_unknown'
    case 'connection_not_usable': return 'country'
    default: return 'capability'
  }
}

function explainRule (compiled: CompiledRule, usable: Usable, wanted: Wanted, route: Route | undefined, why: Explain): Decision['rules'][number] {
  const { index, rule } = compiled
  const failed = failedFields(compiled, wanted)
  const told = (outcome: Decision['rules'][number]['outcome'], connections: Decision['rules'][number]['connections'] = []) => ({ index, name: rule.name, outcome, failed, connections })
  if (!rule.enabled) return told('disabled')
  if (wanted.connection !== undefined) return told('not_asked')
  if (failed.length > 0) return told('not_matched')
  if (route?.rule === compiled) return told('chosen')
  if (route?.rule != null && route.rule.index < index) return told('shadowed')
  return told('no_connection', compiled.connectionIds.map(id => {
    const connection = usable.byId.get(id)
    return { connection: publicId('connection', id), reason: connection === undefined ? 'not_there' as const : why(connection) }
  }))
}

const shown = ({ id, provider, label }: KnownConnection) => ({ connection: publicId('connection', id), provider, label })

function shownError (error: HubError, language: 'es' | 'en'): NonNullable<Decision['error']> {
  const [field] = error.errors ?? []
  return { code: error.code, detail: (typeof field?.message === 'object' ? field.message[language] : field?.message) ?? error.detail[language], ...(field !== undefined && { path: field.path }) }
}

const reasons: Record<NotChosenReason, LocalText> = {
  later_in_order: { es: 'Está después en la regla.', en: 'It comes later in the rule.' },
  breaker_open: { es: 'Falló varias veces seguidas y se deja descansar.', en: 'It failed several times in a row and is left out for a while.' },
  not_in_rule: { es: 'La regla no la nombra.', en: 'The rule does not name it.' },
  older_first: { es: 'Ninguna regla decidió, y hay una más antigua que puede.', en: 'No rule decided, and an older one can do it.' },
  not_named: { es: 'Se nombró otra.', en: 'Another one was named.' },
  own_bank: { es: 'Es el banco propio: sin método se usa solo si una regla o el pago la nombra.', en: 'It is the tenant’s own bank: without a method it is used only where a rule or the payment names it.' },
  disabled: { es: 'Está deshabilitada.', en: 'It is disabled.' },
  not_there: { es: 'Ya no existe.', en: 'It is no longer there.' },
  provider_unknown: { es: 'No hay adaptador de ese proveedor.', en: 'There is no adapter of that provider.' },
  capability: { es: 'Su proveedor no ofrece esta operación.', en: 'Its provider does not offer this operation.' },
  currency: { es: 'Su proveedor no acepta la moneda.', en: 'Its provider does not take the currency.' },
  method: { es: 'Su proveedor no ofrece el método de pago en esa moneda.', en: 'Its provider does not offer the payment method in that currency.' },
  amount: { es: 'Su proveedor no acepta el importe.', en: 'Its provider does not take the amount.' },
  country: { es: 'Su proveedor no emite en ese país.', en: 'Its provider does not issue in that country.' }
}
