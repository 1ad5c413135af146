/**
 * Where a person goes after the login: the path of ours that `?next=` names, else the front page. It answers a whole URL
 * and never a path: `/.//evil.example` is a path of ours that, given to the browser as a path, is another's host.
 */
export function destination (next, origin) {
  const home = `${origin}/`
  if (typeof next !== 'string' || !next.startsWith('/')) return home
  if (!URL.canParse(next, home)) return home
  const url = new URL(next, home)
  return url.origin === origin ? url.href : home
}
