import type { Mode } from './adapter/context.ts'
import { HubError } from './errors.ts'

/**
 * A URL that a tenant gives us to send people or events to. In live mode it is https; in test mode http is fine, so
 * that a developer may use localhost. Where it leads is checked again when we connect (`design.md`, rule 11).
 */
export function assertPublicUrl (mode: Mode, url: string, path: string): URL {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    throw refused(path, 'must be a URL that begins with https://', { es: `\`${path}\` debe ser una URL que empiece con https://.`, en: `\`${path}\` must be a URL that begins with https://.` })
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw refused(path, 'must not contain a user or a password', { es: `\`${path}\` no debe contener usuario ni contraseña.`, en: `\`${path}\` must not contain a user or a password.` })
  }
  if (mode === 'live' && parsed.protocol !== 'https:') {
    throw new HubError('url_not_https', { errors: [{ path, message: 'must begin with https:// in live mode' }] })
  }
  return parsed
}

function refused (path: string, message: string, detail: { es: string, en: string }): HubError {
  return new HubError('request_invalid', { detail, errors: [{ path, message }] })
}
