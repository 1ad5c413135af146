import { type Static, Type } from 'typebox'
import { type Adapter, capabilitiesOf } from '../adapter/define.ts'
import { ManifestSchema } from '../adapter/manifest.ts'
import { HubError } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import { oneOf } from '../http-schema.ts'
import type { Hub } from '../hub.ts'

const { id, name, families, experimental, countries, currencies, methods, collects, modes, credentials, settings, setup_steps, webhooks, oauth, retry_safety } = ManifestSchema.properties

/** What a wizard needs to draw itself, straight from the manifest; capabilities are asked of the adapter itself. */
const Provider = Type.Object({
  id, object: Type.Literal('provider'), name, families, experimental, countries, currencies, methods, collects, modes, credentials, settings, setup_steps, webhooks, retry_safety,
  capabilities: Type.Array(Type.String()),
  webhook_by_api: Type.Boolean(),
  oauth: Type.Optional(oauth),
  oauth_modes: Type.Array(oneOf(['test', 'live']), { description: 'Where the operator has an application: `POST /v1/connections/oauth` connects there.' }),
  shadow_schemes: Type.Array(Type.String(), { description: 'Other verifiers of its webhooks, which a connection may let run beside: `shadow_scheme`.' })
}, { title: 'Provider' })

function show ({ oauthApps }: Pick<Hub, 'oauthApps'>, adapter: Adapter): Static<typeof Provider> {
  const { manifest } = adapter
  const capabilities = capabilitiesOf(adapter)
  return {
    id: manifest.id,
    object: 'provider',
    name: manifest.name,
    families: manifest.families,
    experimental: manifest.experimental,
    countries: manifest.countries,
    currencies: manifest.currencies,
    methods: manifest.methods,
    ...(manifest.collects !== undefined && { collects: manifest.collects }),
    modes: manifest.modes,
    credentials: manifest.credentials,
    settings: manifest.settings,
    setup_steps: manifest.setup_steps,
    webhooks: manifest.webhooks,
    retry_safety: manifest.retry_safety,
    capabilities,
    webhook_by_api: capabilities.includes('register_webhook'),
    ...(manifest.oauth !== undefined && { oauth: manifest.oauth }),
    oauth_modes: manifest.modes.filter(mode => oauthApps.of(manifest.id, mode) !== undefined),
    shadow_schemes: adapter.webhooks === 'provider-has-none' ? [] : Object.keys(adapter.webhooks.shadows ?? {})
  }
}

export async function providerRoutes (app: HubInstance): Promise<void> {
  const config = { scope: 'connections:read' } as const
  const tags = ['Providers']
  app.get('/v1/providers', { config, schema: { tags, summary: 'List providers', response: { 200: Type.Object({ data: Type.Array(Provider), next_cursor: Type.Null() }) } } }, async () =>
    ({ data: app.hub.adapters.list().map(adapter => show(app.hub, adapter)), next_cursor: null }))
  app.get('/v1/providers/:id', { config, schema: { tags, summary: 'Read a provider’s manifest', params: Type.Object({ id: Type.String({ maxLength: 40 }) }), response: { 200: Provider } } }, async request => {
    const adapter = app.hub.adapters.get(request.params.id)
    if (adapter === undefined) throw new HubError('not_found')
    return show(app.hub, adapter)
  })
}
