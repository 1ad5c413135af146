const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/** Only this makes HTML of text: what a provider, a tenant or a payer wrote is never markup. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => entities[character]!)
