/** A file whose name says too little, or says it in another way than the rest. */
export interface Misnamed {
  readonly path: string;
  readonly why: string;
}

/** Words that name no thing of the field: a file called so collects whatever comes. */
export const EMPTY_WORDS = [
  ...['helper', 'helpers', 'util', 'utils', 'utility', 'common', 'shared', 'misc', 'base', 'abstract'],
  ...['data', 'info', 'manager', 'handle', 'handler', 'process', 'processor', 'constants', 'types', 'interfaces'],
];

/** Parts between the name and `.ts`: kinds of test, kinds of file, and the technology of an adapter. */
const SUFFIXES = [
  ...['spec', 'integration', 'e2e', 'property', 'conformance', 'd'],
  ...['port', 'row', 'mapping', 'convert', 'controller', 'consumer', 'module', 'guard', 'filter', 'interceptor'],
  ...['settings', 'tokens', 'postgres', 'kafka', 's3', 'http', 'file-system', 'v1', 'v2', 'onnx'],
];

/** Folders whose empty word is the right one. */
const MEANT = ['libs/test-kit/src/process']; // processes of the operating system

const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const PORTS = /^libs\/(?!messaging\/)[^/]+\/src\/engine\/ports\/(?!index\.ts$)/;

/** Checks names of TypeScript files: kebab-case, known suffixes, no empty words, ports and adapters marked. */
export function findMisnamed(paths: readonly string[]): readonly Misnamed[] {
  return paths.flatMap((path) => complaintsAbout(path).map((why) => ({ path, why })));
}

function complaintsAbout(path: string): readonly string[] {
  const folders = path.split('/');
  const [name = '', ...suffixes] = (folders.pop() ?? '').replace(/\.(?:ts|mjs)$/, '').split('.');
  const parts = [...folders.filter((folder) => !['e2e', 'jest'].includes(folder)), name];
  return [
    ...parts.filter((part) => !KEBAB.test(part)).map((part) => `"${part}" is not kebab-case`),
    ...(MEANT.includes(folders.join('/')) ? [name] : parts)
      .filter((part) => EMPTY_WORDS.includes(part))
      .map((part) => `"${part}" names nothing: say what is in it`),
    ...suffixes
      .filter((suffix) => !SUFFIXES.includes(suffix))
      .map((suffix) => `".${suffix}" is no kind of file here (tools/architecture/src/file-names.ts lists them)`),
    ...(PORTS.test(path) && !suffixes.includes('port') ? ['a port is called x.port.ts'] : []),
  ];
}
