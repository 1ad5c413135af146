import { ActionIcon, Menu, SegmentedControl, useMantineColorScheme, VisuallyHidden } from '@mantine/core'
import { common } from '../i18n/common.ts'
import { useLanguage, useTexts } from '../i18n/language.tsx'
import { Icon } from '../ui/icons.tsx'

export function LanguageChoice () {
  const words = useTexts(common)
  const { language, setLanguage } = useLanguage()
  return (
    <Menu position='bottom-end' width={160}>
      <Menu.Target><ActionIcon variant='subtle' color='gray' size='lg' aria-label={`${words.language}: ${language === 'es' ? words.spanish : words.english}`}><Icon name='globe' /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item lang='es' onClick={() => setLanguage('es')} rightSection={language === 'es' && <Icon name='check' size={16} />}>{words.spanish}</Menu.Item>
        <Menu.Item lang='en' onClick={() => setLanguage('en')} rightSection={language === 'en' && <Icon name='check' size={16} />}>{words.english}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

export function SchemeChoice () {
  const words = useTexts(common)
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <>
      <VisuallyHidden id='scheme-label'>{words.scheme}</VisuallyHidden>
      <SegmentedControl size='xs' fullWidth aria-labelledby='scheme-label' value={colorScheme} onChange={value => setColorScheme(value as 'light')} data={[{ value: 'light', label: words.light }, { value: 'dark', label: words.dark }, { value: 'auto', label: words.auto }]} />
    </>
  )
}
