/** The Canary Islands are an hour behind the mainland, and so is their calendar at night. */
export function zoneOf (postalCode: string | undefined): string {
  return /^3[58]/.test(postalCode ?? '') ? 'Atlantic/Canary' : 'Europe/Madrid'
}
