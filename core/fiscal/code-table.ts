/** A table by code: a name that every object has (`constructor`) is none of its codes. */
export function codeTable<T extends object> (of: T): Readonly<T> {
  return Object.assign(Object.create(null) as T, of)
}
