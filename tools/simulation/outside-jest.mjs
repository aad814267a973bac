// Lets the fakes of the `/testing` subpaths be loaded by a plain program: their conformance suites import jest, which
// throws outside of a test run. Nothing of it is called here.
import { registerHooks } from 'node:module';

const STAND_IN = `data:text/javascript,${encodeURIComponent(
  ['describe', 'it', 'expect', 'beforeEach', 'afterEach', 'beforeAll', 'afterAll']
    .map((name) => `export const ${name} = () => { throw new Error('${name} is for test runs'); };`)
    .join('\n'),
)}`;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: STAND_IN, shortCircuit: true } : next(specifier, context),
});
