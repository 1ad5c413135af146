/**
 * Why a sealed value did not open:
 * `unknown_key` the key it names is not here · `tampered` its bytes are not those that were sealed ·
 * `misplaced` it is genuine, but was sealed for another place · `malformed` it is nothing that this vault writes.
 */
export type VaultReason = 'unknown_key' | 'tampered' | 'misplaced' | 'malformed'

/** The only error for a value that does not open. Its message names fields and key ids, never a key or a plaintext. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
  readonly reason: VaultReason

  constructor (reason: VaultReason, message: string) {
    super(message)
    this.reason = reason
  }
}
