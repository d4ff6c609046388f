import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const IS_BOOLEAN = 'typeAnnotation.typeAnnotation.type="TSBooleanKeyword"';
const BOOLEAN_PARAMETER =
  `:matches(Identifier[${IS_BOOLEAN}], AssignmentPattern[left.${IS_BOOLEAN}], ` +
  'AssignmentPattern[right.raw=/^(true|false)$/])';
// All but one-liners that are neither exported nor public.
const FUNCTION =
  ':matches(:function[body.body.length>1], ExportNamedDeclaration > FunctionDeclaration, ' +
  'ExportNamedDeclaration > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression, ' +
  'MethodDefinition[key.type!="PrivateIdentifier"] > FunctionExpression, TSMethodSignature, TSFunctionType, ' +
  'TSParameterProperty)';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/web/player/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers in messages are what logs are made of.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // The data path indexes typed arrays inside their bounds; "!" says so where the compiler cannot see it.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400 }],
    },
  },
  {
    files: ['src/**/*.ts', 'cmd/**/*.ts'],
    ignores: ['**/*.d.ts'],
    rules: {
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: `${FUNCTION} > ${BOOLEAN_PARAMETER}`,
          message: 'A call does not say what true means: a union of strings, two functions, or a field of an object.',
        },
      ],
    },
  },
  {
    // Route tables are data.
    files: ['src/{api,http,serve}/routes/*-routes.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // They index bytes inside their bounds, once a byte or a packet, where the compiler cannot see it.
    files: [
      'src/closest.ts',
      'src/ingest/chunked.ts',
      'src/mpegts/**/*.ts',
      'src/relay/delivery/gop-cache.ts',
      'src/relay/framing/{frame,frame-counter,mask}.ts',
      'src/relay/rules/similar-name.ts',
      'src/web/player/mpeg1/*.ts',
      'src/web/player/mse/whole-pictures.ts',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['test/**', 'soak/**', 'scripts/**'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off', // chai's expect(x).to.be.true
      'no-console': 'off',
    },
  },
  {
    // A pattern takes time in proportion to what it reads: bytes from outside meet them before any key is asked for.
    // `report: 'potential'` and `ignorePartial: false` also name the patterns that only some uses make slow.
    files: ['src/**', 'cmd/**', 'scripts/**'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignoreSticky: false, ignorePartial: false }],
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
