import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const FUNCTION =
  ':matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression, TSMethodSignature, TSFunctionType)';
const TYPE = 'typeAnnotation.typeAnnotation.type';
/** Parameters that are booleans, by their type or by their default. */
const BOOLEAN_PARAMETERS = [
  `${FUNCTION} > Identifier.params[${TYPE}="TSBooleanKeyword"]`,
  `${FUNCTION} > Identifier.params > TSTypeAnnotation > TSUnionType > TSBooleanKeyword`,
  `${FUNCTION} > AssignmentPattern.params[right.raw=/^(true|false)$/]`,
  `${FUNCTION} > AssignmentPattern.params[left.${TYPE}="TSBooleanKeyword"]`,
  `${FUNCTION} > TSParameterProperty.params[parameter.${TYPE}="TSBooleanKeyword"]`,
].map((selector) => ({ selector, message: 'Name the choice: two functions, or a union of strings.' }));

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
    files: ['test/**', 'soak/**', 'scripts/**'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off', // chai's expect(x).to.be.true
      'no-console': 'off',
    },
  },
  {
    // What is handed on for each packet is kept in fields; a boolean argument does not say what it decides.
    files: ['src/mpegts/**'],
    rules: {
      'max-params': ['error', { max: 4 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...BOOLEAN_PARAMETERS],
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
