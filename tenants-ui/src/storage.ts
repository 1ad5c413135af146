/** What this browser keeps of a person's choices. A browser that forbids it only forgets them. */
const prefix = 'pasarela.'

export function read (key: string, store: 'local' | 'session' = 'local'): string | null {
  try {
    return storeOf(store).getItem(prefix + key)
  } catch {
    return null
  }
}

export function write (key: string, value: string | null, store: 'local' | 'session' = 'local'): void {
  try {
    if (value === null) storeOf(store).removeItem(prefix + key)
    else storeOf(store).setItem(prefix + key, value)
  } catch {}
}

const storeOf = (store: 'local' | 'session'): Storage => store === 'local' ? window.localStorage : window.sessionStorage
