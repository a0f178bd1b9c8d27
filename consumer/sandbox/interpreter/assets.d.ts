/** What the build and the bundlers turn into modules. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.guest.js" {
  const text: string;
  export default text;
}

declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
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

/** JavaScript Promise Integration, which the types of the platform do not have yet. */
declare namespace WebAssembly {
  /** An import whose caller waits, on its own stack, until the promise is settled. */
  class Suspending {
    constructor(work: (...values: never[]) => Promise<unknown>);
  }
  /** An export that runs on a stack of its own. */
  function promising<Values extends unknown[]>(
    exported: unknown,
  ): (...values: Values) => Promise<never>;
}
