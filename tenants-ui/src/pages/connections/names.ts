import { useTexts } from '../../i18n/language.tsx'
import { providerNames } from './texts.ts'

export function useProviderName (): (provider: { id: string, name: string }) => string {
  const words = useTexts(providerNames) as Record<string, string>
  return ({ id, name }) => words[id] ?? name
}
