import { useTexts } from '../../i18n/language.tsx'
import { OpenPage } from '../../shell/open-page.tsx'
import { payments } from './texts.ts'

/** Where a payer comes back to from a page that somebody of the tenant made here. It proves nothing and says so. */
export default function ThanksPage () {
  const words = useTexts(payments)
  return <OpenPage title={words.thanksTitle}>{words.thanksText}</OpenPage>
}
