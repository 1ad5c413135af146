import { Alert, Badge, Button, createTheme, type MantineColorsTuple, Modal, Paper, SegmentedControl, Skeleton, Table } from '@mantine/core'

/** The one accent: a deep green-blue, dark enough that white text on it and it on white both read well (WCAG AA from shade 6 on). */
const accent: MantineColorsTuple = ['#edf7f6', '#dceeec', '#b5deda', '#84c8c2', '#4db4ab', '#2f9d94', '#0b7a74', '#0b6e69', '#085a56', '#034743']

/**
 * What tells good from bad. Each is one hue at equal steps of lightness (OKLCH), so that a badge, an alert and an icon of any of
 * them weigh the same: shade 9 on shade 1 and 2 (`light`), white on shade 7 (`filled`), shade 0 on half of shade 9 (`light`, dark)
 * and shade 4 on the dark body are all above 4.5 (theme.test.ts).
 */
export const colors: Record<'accent' | 'red' | 'orange' | 'yellow' | 'teal' | 'blue' | 'violet' | 'dark', MantineColorsTuple> = {
  accent,
  red: ['#fef5f5', '#feeae8', '#fed6d2', '#febcb6', '#ff9b93', '#fe6f69', '#e54c4a', '#c03032', '#992627', '#731f1e'],
  orange: ['#fff6f1', '#ffebe1', '#fdd9c6', '#fcc0a2', '#f9a275', '#ee8245', '#d4651c', '#ad4d04', '#8b3c00', '#692d03'],
  yellow: ['#fcf7f0', '#f8eede', '#f2dec2', '#eaca9a', '#e1b266', '#d29727', '#b47d01', '#906406', '#734f02', '#573b00'],
  teal: ['#f3faf5', '#e5f3ea', '#cee9d7', '#aedcbf', '#87cda3', '#5cb985', '#389f6a', '#198150', '#14673f', '#134d30'],
  blue: ['#f4f8fe', '#e5f1ff', '#cde4ff', '#add3ff', '#87bffe', '#58a7fc', '#368ce3', '#196fbf', '#135899', '#124272'],
  violet: ['#f8f6fe', '#f0ecfe', '#e3dcfd', '#d2c6fc', '#c0acfb', '#aa8ff2', '#9174d9', '#7558b6', '#5d4691', '#45356d'],
  // Of the dark look: text, quiet, borders, fields, cards, page.
  dark: ['#dde3e8', '#b9c2ca', '#8d98a2', '#626d77', '#3b454e', '#323b43', '#262e35', '#1b2228', '#13191e', '#0c1115']
}

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 7 },
  colors,
  black: '#15202b',
  radius: { lg: '0.75rem' },
  // Named, not `system-ui`: some Linux desktops answer that with another family for each weight.
  fontFamily: '-apple-system, "Segoe UI", Roboto, Inter, Cantarell, Ubuntu, "Open Sans", "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem', lineHeight: '1.3' }, h2: { fontSize: '1.0625rem', lineHeight: '1.4' }, h3: { fontSize: '0.9375rem', lineHeight: '1.45' } } },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // What stands there from the beginning is no alert to a screen reader; what appears says so itself.
    Alert: Alert.extend({ defaultProps: { role: 'note' } }),
    Button: Button.extend({ defaultProps: { radius: 'md' } }),
    Paper: Paper.extend({ defaultProps: { radius: 'lg', withBorder: true } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'xl', tt: 'none', fw: 550 } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { withItemsBorders: false } }),
    Skeleton: Skeleton.extend({ defaultProps: { radius: 'md' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
    Modal: Modal.extend({ defaultProps: { centered: true, radius: 'lg', padding: 'lg' } })
  }
})
