/** What the build and the bundlers turn into modules. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.guest.js" {
  const text: string;
  export default text;
}

declare module "flotilla:prelude" {
  const source: string;
  export default source;
}

/** The transformed program, a CommonJS module beside the native Worker's own. */
declare module "*/program.js" {
  const main: unknown;
  export default main;
}
