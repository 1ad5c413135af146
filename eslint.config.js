import reactHooks from 'eslint-plugin-react-hooks'
import neostandard, { plugins } from 'neostandard'

/** The folders of tsconfig.json: rules that need types run there. */
const typed = ['core', 'adapters', 'plugins', 'migrations', 'scripts', 'test', 'bench', 'sdk'].map(folder => `${folder}/**/*.ts`)

const floating = ['error', {
  // tap itself waits for these.
  allowForKnownSafeCalls: [
    { from: 'package', name: ['test', 'before', 'rejects', 'resolves', 'resolveMatch'], package: 'tap' },
    { from: 'package', name: ['test'], package: '@tapjs/test' },
    { from: 'package', name: ['rejects', 'resolves', 'resolveMatch'], package: '@tapjs/asserts' }
  ]
}]

export default [
  ...neostandard({
    ts: true,
    ignores: ['**/dist/**', 'tenants-ui/dist*/**', '**/.tap/**', '**/node_modules/**', '.data/**', 'bench/results/**', 'core/db/schema.ts', 'sdk/schema.ts']
  }),
  {
    name: 'pasarela/everywhere',
    rules: {
      // Ours log through pino, which redacts; the console redacts nothing.
      'no-console': 'error',
      // Names on the wire, in the manifest and in the API are snake_case, and stay so when they are taken out of their object.
      camelcase: 'off',
      // A table of pairs reads best a few to the line.
      '@stylistic/object-property-newline': 'off',
      // A schema and the type that is read off it share their name; tsc finds what is really declared twice.
      '@typescript-eslint/no-redeclare': 'off',
      // `void promise` says that nobody waits on purpose.
      'no-void': 'off'
    }
  },
  {
    name: 'pasarela/tenants-ui',
    files: ['tenants-ui/src/**/*.{ts,tsx}'],
    plugins: { '@typescript-eslint': plugins['typescript-eslint'].plugin, 'react-hooks': reactHooks },
    languageOptions: {
      parserOptions: { project: ['./tenants-ui/tsconfig.json'], tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'react/prop-types': 'off',
      '@typescript-eslint/no-floating-promises': floating
    }
  },
  {
    name: 'pasarela/console',
    files: ['scripts/**', 'bench/**', '**/cli.{ts,js}', '**/cli/**', '**/demo.ts', '**/demo/**', '.ci/**'],
    rules: { 'no-console': 'off' }
  },
  {
    name: 'pasarela/typed',
    files: typed,
    plugins: { '@typescript-eslint': plugins['typescript-eslint'].plugin },
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      // A promise nobody waits for is work that is lost, or an error that ends the process.
      '@typescript-eslint/no-floating-promises': floating,
      // Fastify and tap take async functions where the type says void.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }]
    }
  }
]
