import type { Fault } from '../../../core/adapter/simulator.ts'

/** What programs call; a person's pages meet no fault unless it names them. */
const isApi = (path: string): boolean => path.startsWith('/v1/') || /^\/oauth\/(?:token|deauthorize)$/.test(path)

/** Faults in the order of their injection; each is met `times` times. */
export class Faults {
  #pending: { fault: Fault, left: number }[] = []

  inject (fault: Fault): void {
    this.#pending.push({ fault, left: fault.times ?? 1 })
  }

  clear (): void {
    this.#pending = []
  }

  get pending (): Fault[] {
    return this.#pending.map(({ fault, left }) => ({ ...fault, times: left }))
  }

  /** The fault that this request meets, if any. */
  take (method: string, path: string): Fault | undefined {
    if (this.#pending.length === 0) return undefined
    return this.#takeFirst(fault => (fault.method === undefined || fault.method.toUpperCase() === method) && (fault.path === undefined ? isApi(path) : path.includes(fault.path)))
  }

  /** Whether a new connection is refused before anything is read: only when it does not matter what it would ask. */
  takeConnection (): boolean {
    if (this.#pending.length === 0) return false
    return this.#takeFirst(fault => fault.kind === 'refuse_connection' && fault.method === undefined && fault.path === undefined) !== undefined
  }

  #takeFirst (matches: (fault: Fault) => boolean): Fault | undefined {
    const found = this.#pending.find(({ fault }) => matches(fault))
    if (found === undefined) return undefined
    if (--found.left <= 0) this.#pending = this.#pending.filter(each => each !== found)
    return found.fault
  }
}
