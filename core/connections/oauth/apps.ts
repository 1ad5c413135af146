import type { Mode } from '../../adapter/context.ts'
import type { Adapter } from '../../adapter/define.ts'
import type { OAuthApp } from '../../adapter/oauth.ts'
import type { AdapterRegistry } from '../../adapter/registry.ts'

/** The operator's applications at providers, by which tenants connect with a button. */
export interface OAuthApps {
  /** Undefined: the operator has none there in this mode. */
  of: (provider: string, mode: Mode) => OAuthApp | undefined
}

/**
 * From the operator's files (PASARELA_OPERATOR_FILE_<ID>): `{"test": {"client_id": …}, "live": {…}}`, either mode or both. Throws at the
 * start for what cannot be meant; no message repeats a value.
 */
export function readOAuthApps (files: Readonly<Record<string, string>>, adapters: Pick<AdapterRegistry, 'list'>): OAuthApps {
  const apps = new Map<string, OAuthApp>()
  for (const adapter of adapters.list()) {
    const { id, modes } = adapter.manifest
    const file = files[id]
    if (adapter.manifest.oauth === undefined || file === undefined) continue
    for (const [mode, app] of Object.entries(parsed(id, file))) {
      if (!(modes as readonly string[]).includes(mode)) throw wrong(id, `has ${JSON.stringify(mode.slice(0, 20))}, which is no mode`)
      apps.set(`${id} ${mode}`, checked(adapter, mode, app))
    }
  }
  return { of: (provider, mode) => apps.get(`${provider} ${mode}`) }
}

function parsed (id: string, file: string): object {
  let content: unknown
  try {
    content = JSON.parse(file)
  } catch {
    throw wrong(id, 'is not JSON')
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw wrong(id, 'is not an object with test, live or both')
  return content
}

function checked ({ manifest: { id, oauth } }: Adapter, mode: string, app: unknown): OAuthApp {
  const { properties, required } = oauth!.app
  if (typeof app !== 'object' || app === null) throw wrong(id, `has no application for ${mode}`)
  for (const name of required) if (!Object.hasOwn(app, name)) throw wrong(id, `lacks ${mode}.${name}`)
  for (const [name, value] of Object.entries(app)) {
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (field === undefined) throw wrong(id, `has ${mode}.${name.slice(0, 40)}, which is no field of it`)
    if (typeof value !== 'string' || value === '' || value !== value.trim() || (field.pattern !== undefined && !new RegExp(field.pattern, 'u').test(value))) throw wrong(id, `has a ${mode}.${name} that does not look like one`)
  }
  return Object.freeze({ ...app }) as OAuthApp
}

const wrong = (id: string, what: string): Error => new Error(`the file of PASARELA_OPERATOR_FILE_${id.toUpperCase()} ${what}`)
