/**
 * Where a person goes after the login: the path of ours that `?next=` names, else nowhere. It answers a whole URL
 * and never a path: `/.//evil.example` is a path of ours that, given to the browser as a path, is another's host.
 */
export function destination (next: string | null, origin: string): string | undefined {
  if (next === null || !next.startsWith('/') || !URL.canParse(next, origin)) return undefined
  const url = new URL(next, origin)
  return url.origin === origin ? url.href : undefined
}
