import type { Language } from '../public-pages/html.ts'

const names: Readonly<Record<string, Record<Language, string>>> = {
  card: { es: 'Tarjeta', en: 'Card' },
  oxxo: { es: 'Efectivo en OXXO', en: 'Cash at OXXO' },
  cash: { es: 'Efectivo', en: 'Cash' },
  spei: { es: 'Transferencia SPEI', en: 'SPEI transfer' },
  transfer: { es: 'Transferencia bancaria', en: 'Bank transfer' },
  bank_transfer: { es: 'Transferencia bancaria', en: 'Bank transfer' },
  pse: { es: 'PSE', en: 'PSE' },
  pix: { es: 'Pix', en: 'Pix' },
  paypal: { es: 'PayPal', en: 'PayPal' }
}

/** How a payer reads the type of a method. */
export const methodName = (type: string, language: Language): string => names[type]?.[language] ?? `${type[0]!.toUpperCase()}${type.slice(1).replaceAll('_', ' ')}`
