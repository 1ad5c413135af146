const credential = /^(?:proxy-)?authorization$|^cookie$|secret|token|passw|api[-_]?key/i

/** As they are kept: some providers, and some mistaken callers, show a credential, and what is verified needs it no more. */
export function withoutCredentials (headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, credential.test(name) ? '[redacted]' : value]))
}

/** The token is the secret of the address: what is kept is where it was called, not with what. */
export const withoutToken = (url: string): string => url.replace(/^[^?]*/, '/hooks/:token')
