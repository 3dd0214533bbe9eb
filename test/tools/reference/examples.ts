/**
 * The examples of the API reference and the code of the documents: taken out, and type-checked as what a stranger would
 * have written.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../../..');
const here = import.meta.dirname;

/** A piece of code out of `file`, whose first line is that file's `line` (from 1). */
export interface Example {
  file: string;
  line: number;
  lang: 'ts' | 'tsx';
  code: string;
}

const fence = /^```(\S*)(.*)\n([\s\S]*?)^```$/gm;
const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length;

/** All `@example`s of a source. @throws Error when one is not in a fence that says ts or tsx */
export function examplesOf(file: string, text = readFileSync(join(root, file), 'utf8')): Example[] {
  return [...text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)].flatMap(comment => {
    const bare = comment[0].replace(/^[ \t]*\* ?/gm, '');
    return [...bare.matchAll(/^@example\b/gm)].map(({ index }) => {
      const at = lineOf(text, comment.index) + lineOf(bare, index) - 1;
      fence.lastIndex = 0;
      const [whole, lang, , code] = fence.exec(bare.slice(index)) ?? [];
      const before = whole === undefined ? '' : bare.slice(index, bare.indexOf(whole, index));
      if ((lang !== 'ts' && lang !== 'tsx') || /^@(?!example)/m.test(before))
        throw new Error(`${file}:${at}: an example is code between \`\`\`ts and \`\`\``);
      return { file, line: at + before.split('\n').length, lang, code: code! };
    });
  });
}

/** All ts and tsx of a document, but for what stands for a file of its own (`ts file=…`): that is tested as an app. */
export function codeBlocksOf(file: string, text = readFileSync(join(root, file), 'utf8')): Example[] {
  fence.lastIndex = 0; // `matchAll` begins there, and `examplesOf` leaves it behind its last match
  return [...text.matchAll(fence)].flatMap(({ 1: lang, 2: more, 3: code, index }) =>
    (lang === 'ts' || lang === 'tsx') && more === ''
      ? [{ file, line: lineOf(text, index) + 1, lang, code: code! }]
      : [],
  );
}

/** Every source that the API reference is made of. */
export const sources = (): string[] =>
  ['shared', 'server', 'client', 'testkit']
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(name => /\.tsx?$/.test(name))
        .map(name => `${folder}/${name}`),
    )
    .sort();

const entries: Readonly<Record<string, string>> = {
  client: 'client',
  predict: 'client/predict',
  replay: 'client/replay',
  store: 'client/store',
  vue: 'client/vue',
  react: 'client/react',
  contract: 'shared',
  server: 'server',
  testkit: 'testkit',
};
const options: ts.CompilerOptions = {
  // As somebody begins: strict, and no more. JSX is React's.
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: ['node'],
  jsx: ts.JsxEmit.ReactJSX,
  jsxImportSource: 'react',
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  paths: Object.fromEntries(
    Object.entries(entries).map(([name, folder]) => [`rejoin/${name}`, [join(root, folder, 'index.ts')]]),
  ),
};

/** What an example may use without importing it, by name: where it is from. */
type Known = ReadonlyMap<string, string>;

/** The API, what the preamble declares, and what everybody knows. */
function whatIsKnown(program: ts.Program): Known {
  const checker = program.getTypeChecker();
  const namesOf = (path: string) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!).map(one => one.name);
  const known = new Map([
    ['assert', 'node:assert/strict'],
    ['z', 'zod'],
    ['useMemo', 'react'],
    ['useState', 'react'],
    ['useEffect', 'react'],
  ]);
  for (const [name, folder] of Object.entries(entries))
    for (const one of namesOf(join(root, folder, 'index.ts'))) known.set(one, `rejoin/${name}`);
  for (const one of namesOf(preamble)) known.set(one, './preamble.ts');
  return known;
}

/** The imports that an example leaves out, in one line: of what it names and does not declare itself. */
export function importsFor({ code, lang }: Pick<Example, 'code' | 'lang'>, known: Known): string {
  const source = ts.createSourceFile(
    `example.${lang}`,
    code,
    ts.ScriptTarget.ES2022,
    false,
    lang === 'tsx' ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const used = new Set<string>();
  const own = new Set<string>();
  const bind = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) own.add(name.text);
    else for (const part of name.elements) if (ts.isBindingElement(part)) bind(part.name);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) bind(name);
    else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {};
      if (name) own.add(name.text);
      if (namedBindings && ts.isNamedImports(namedBindings))
        for (const one of namedBindings.elements) own.add(one.name.text);
      else if (namedBindings) own.add(namedBindings.name.text);
    } else if (
      (ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement)) &&
      statement.name
    )
      own.add(statement.name.text);
  }
  const look = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) used.add(node.text);
    ts.forEachChild(node, look);
  };
  look(source);
  return [...used]
    .filter(name => known.has(name) && !own.has(name))
    .map(name => `import ${name === 'assert' ? name : `{ ${name} }`} from '${known.get(name)!}';`)
    .join(' ');
}

const preamble = join(here, 'preamble.ts');

/**
 * Type-checks examples, all in one program, each as a module of its own that has imported what it uses of the API and
 * of `preamble.ts`.
 * @returns what is wrong, as `file:line: message`, in the lines of the files that the examples were taken from
 */
export function typeCheck(examples: readonly Example[]): string[] {
  const made = new Map(['contract.ts', 'rules.ts'].map(name => [join(here, name), "export * from './games.ts';"]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = path => made.has(path) || fileExists(path);
  host.readFile = path => made.get(path) ?? readFile(path);
  const read = new Map<string, ts.SourceFile | undefined>();
  host.getSourceFile = (path, how) => {
    if (!read.has(path))
      read.set(path, made.has(path) ? ts.createSourceFile(path, made.get(path)!, how) : getSourceFile(path, how));
    return read.get(path);
  };
  const roots = [preamble, ...Object.values(entries).map(folder => join(root, folder, 'index.ts'))];
  const api = ts.createProgram(roots, options, host);
  const known = whatIsKnown(api);
  const placed = new Map(
    examples.map(example => [
      join(here, `made-${example.file.replace(/\W/g, '-')}-${example.line}.${example.lang}`),
      example,
    ]),
  );
  for (const [path, example] of placed) made.set(path, `${importsFor(example, known)} ${example.code}\nexport {}\n`);
  const program = ts.createProgram([...roots, ...placed.keys()], options, host, api);
  return [...placed].flatMap(([path, { file, line }]) => {
    const source = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) =>
        `${file}:${line + source.getLineAndCharacterOfPosition(start).line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}
