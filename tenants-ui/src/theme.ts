import { Alert, Badge, Button, createTheme, type MantineColorsTuple, Modal, Paper, Table } from '@mantine/core'

/** The one accent: a deep green-blue, dark enough that white text on it and it on white both read well (WCAG AA from shade 6 on). */
const accent: MantineColorsTuple = ['#e8f7f5', '#d2ece9', '#a5d9d4', '#74c5be', '#4db4ab', '#2f9d94', '#0b7a74', '#0b6e69', '#085a56', '#034743']

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 7 },
  colors: { accent },
  // Named, not `system-ui`: some Linux desktops answer that with another family for each weight.
  fontFamily: '-apple-system, "Segoe UI", Roboto, Inter, Cantarell, Ubuntu, "Open Sans", "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.625rem', lineHeight: '1.25' }, h2: { fontSize: '1.125rem', lineHeight: '1.35' }, h3: { fontSize: '1rem', lineHeight: '1.4' } } },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // What stands there from the beginning is no alert to a screen reader; what appears says so itself.
    Alert: Alert.extend({ defaultProps: { role: 'note' } }),
    Button: Button.extend({ defaultProps: { radius: 'md' } }),
    Paper: Paper.extend({ defaultProps: { radius: 'lg', withBorder: true } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 600 } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
    Modal: Modal.extend({ defaultProps: { centered: true, radius: 'lg', padding: 'lg' } })
  }
})
