/** What cannot be backed up or restored, for a reason that a person can act on. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused'
}
