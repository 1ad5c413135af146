/** How long an IBAN of each country is. Source: SWIFT, IBAN Registry, release 99 (https://www.swift.com/standards/data-standards/iban), as of 2025-01. */
const lengths = new Map('AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  .split(' ').map(row => [row.slice(0, 2), Number(row.slice(2))]))

export const ibanCountries = (): string[] => [...lengths.keys()]
export const ibanLength = (country: string): number | undefined => lengths.get(country)

export type IbanFlaw = 'shape' | 'country' | 'length' | 'digits'

/** What is wrong with an IBAN without spaces, in capitals; undefined when nothing is. ISO 13616: modulus 97 with both check digits. */
export function ibanFlaw (iban: string): IbanFlaw | undefined {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{8,30}$/.test(iban)) return 'shape'
  const length = lengths.get(iban.slice(0, 2))
  if (length === undefined) return 'country'
  if (iban.length !== length) return 'length'
  const check = Number(iban.slice(2, 4))
  // 00, 01 and 99 leave the remainder of 97, 98 and 02, and are never given out.
  return check >= 2 && check <= 98 && remainderOf(iban) === 1 ? undefined : 'digits'
}

/** The check digits of a country's account number. */
export function ibanDigits (country: string, rest: string): string {
  return String(98 - remainderOf(`${country}00${rest}`)).padStart(2, '0')
}

function remainderOf (iban: string): number {
  const digits = `${iban.slice(4)}${iban.slice(0, 4)}`.replace(/[A-Z]/g, letter => String(letter.charCodeAt(0) - 55))
  return Number(BigInt(digits) % 97n)
}
