import type { LocalText, Mode } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { type FieldError, HubError } from '../errors.ts'

/** The credential form, applied: every field that is missing, unknown or misshapen is named at once. Values never appear in messages. */
export function checkCredentials (adapter: Adapter, mode: Mode, credentials: Readonly<Record<string, string>>): void {
  const { properties, required } = adapter.manifest.credentials
  const errors: FieldError[] = []
  for (const name of required) if (!Object.hasOwn(credentials, name)) errors.push({ path: `credentials.${name}`, message: saidOf('es obligatorio', 'is required', properties[name]!.where) })
  for (const [name, value] of Object.entries(credentials)) {
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined
    const path = `credentials.${name}`
    if (field === undefined) errors.push({ path, message: `is not a credential of ${adapter.manifest.name}` })
    else if (value !== value.trim()) errors.push({ path, message: 'has white space around it' })
    else if (value.length < (field.minLength ?? 1)) errors.push({ path, message: 'is too short' })
    else if (value.length > (field.maxLength ?? 20_000)) errors.push({ path, message: 'is too long' })
    else if (field.pattern !== undefined && !new RegExp(field.pattern, 'u').test(value)) errors.push({ path, message: saidOf('no tiene la forma esperada', 'does not look like one', field.help) })
  }
  if (errors.length > 0) throw new HubError('credentials_invalid', { errors })
  const detected = adapter.detectMode(credentials)
  if (detected === 'contradictory') {
    throw new HubError('mode_contradicts_credentials', { detail: { es: 'Unas credenciales son de prueba y otras reales.', en: 'Some of the credentials are for test and some for live.' } })
  }
  if (detected !== undefined && detected !== mode) {
    throw new HubError('mode_contradicts_credentials', { errors: [{ path: 'mode', message: `says ${mode}, and the credentials are for ${detected}` }] })
  }
}

/** The connection's settings against the manifest's flat schema. */
export function checkSettings (adapter: Adapter, settings: Readonly<Record<string, unknown>>): void {
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries(settings)) {
    const { properties } = adapter.manifest.settings
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    const path = `settings.${name}`
    const type = Number.isSafeInteger(value) ? 'integer' : typeof value
    if (property === undefined) errors.push({ path, message: `is not a setting of ${adapter.manifest.name}` })
    else if (type !== property.type) errors.push({ path, message: `must be ${property.type}` })
    else if (property.enum !== undefined && !property.enum.includes(String(value))) errors.push({ path, message: `must be one of ${property.enum.join(', ')}` })
    else if (property.pattern !== undefined && !new RegExp(property.pattern, 'u').test(String(value))) errors.push({ path, message: saidOf('no tiene la forma esperada', 'does not look like one', property.description) })
    else if (typeof value === 'number' && property.minimum !== undefined && value < property.minimum) errors.push({ path, message: `must be at least ${property.minimum}` })
    else if (typeof value === 'number' && property.maximum !== undefined && value > property.maximum) errors.push({ path, message: `must be at most ${property.maximum}` })
  }
  if (errors.length > 0) throw new HubError('request_invalid', { errors })
}

const saidOf = (es: string, en: string, text: LocalText): LocalText => ({ es: `${es}: ${text.es}`, en: `${en}: ${text.en}` })
