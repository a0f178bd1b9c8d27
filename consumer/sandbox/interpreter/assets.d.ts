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

/** Sources of functions, by module: Node's own JavaScript, and packages as "package:name". */
declare module "flotilla:library" {
  const sources: Record<string, string>;
  export default sources;
}

/** The transformed program, a CommonJS module next to the native Worker's own. */
declare module "*/program.js" {
  const main: unknown;
  export default main;
}
