/** A person with a browser: cookies, redirects that are looked at before they are followed, and a provider's page where one consents. */

export interface Seen {
  status: number
  /** Where it leads; undefined where it stays. */
  location: string | undefined
  text: string
}

export interface Browser {
  open: (url: string) => Promise<Seen>
  cookies: Map<string, string>
}

/** `cookies`: what it holds already (a session). It sends them to every address, as one host's. */
export function browser (cookies: Record<string, string> = {}): Browser {
  const jar = new Map(Object.entries(cookies))
  return {
    cookies: jar,
    open: async url => {
      const response = await fetch(url, { redirect: 'manual', headers: jar.size === 0 ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } })
      for (const line of response.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0]!.split('=') as [string, string]
        jar.set(name, value)
      }
      const location = response.headers.get('location')
      return { status: response.status, location: location === null ? undefined : new URL(location, url).href, text: await response.text() }
    }
  }
}

/** Reads the provider's page, names the account, and presses a button of it; where the browser is sent. */
export async function consentAt (url: string, { decision = 'allow', account }: { decision?: 'allow' | 'deny', account?: string } = {}): Promise<string> {
  const shown = await (await fetch(url)).text()
  if (!shown.includes(`value="${decision}"`)) throw new Error(`there is nothing to press at ${url}: ${shown}`)
  const named = account ?? /name="account" value="([^"]*)"/.exec(shown)?.[1] ?? ''
  const answer = await fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ account: named, decision }) })
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`${answer.status}: ${await answer.text()}`)
  return new URL(location, url).href
}

/** From our link to our callback, by way of the provider's page: what the person sees last. */
export async function connectBy (person: Browser, link: string, options: { decision?: 'allow' | 'deny', account?: string } = {}): Promise<Seen> {
  return await person.open(await consentAt(await authorizeUrlOf(person, link), options))
}

/** Where our page sends to: at once, or by what is pressed on it. */
export async function authorizeUrlOf (person: Browser, link: string): Promise<string> {
  const { location, text } = await person.open(link)
  const href = location ?? /class="go" href="([^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
  if (href === undefined) throw new Error(`nothing leads on: ${text}`)
  return href
}
